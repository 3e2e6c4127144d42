import { readEnd } from "../jobs/store/read-jobs.ts";
import { ProgressChannel } from "../progress/channel.ts";
import { recoverTask } from "./recover.ts";

/** The progress channel of one job, whose watchdog takes tasks back from silent workers. */
export class JobProgress extends ProgressChannel {
  protected override async recover(task: { taskId: string; leaseToken: string }): Promise<void> {
    await recoverTask(this.env, task.taskId, task.leaseToken);
    await this.#catchUp();
  }

  /** The end of the job may be what was not heard. */
  async #catchUp(): Promise<void> {
    const jobId = (await this.snapshot())?.job_id;
    const end = jobId && (await readEnd(this.env.DB, jobId));
    if (end) await this.record([{ type: "job_ended", ...end }]);
  }
}
