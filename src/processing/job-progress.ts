import { ProgressChannel } from "../progress/channel.ts";
import { recoverTask } from "./recover.ts";

/** The progress channel of one job, whose watchdog takes tasks back from silent workers. */
export class JobProgress extends ProgressChannel {
  protected override async recover(task: { taskId: string; leaseToken: string }): Promise<void> {
    await recoverTask(this.env, task.taskId, task.leaseToken);
  }
}
