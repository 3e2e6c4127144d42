import { openChannel } from "../jobs/store/open-channel.ts";
import { readEnd } from "../jobs/store/read-jobs.ts";
import { type Advance, saveProgress } from "../jobs/store/save-progress.ts";
import { log } from "../log.ts";
import { ProgressChannel } from "../progress/channel.ts";
import type { ProgressEvent, ProgressSnapshot } from "../progress/event.ts";
import type { FeedEntry } from "../progress/feed-entries.ts";
import { dispatchEvents } from "../webhooks/dispatch.ts";
import { passesMilestone, progressSteps } from "../webhooks/milestones.ts";
import { catchUp } from "./catch-up.ts";
import { recoverTask } from "./recover.ts";

const WRITE_EVERY_MS = 1_000;

/** Whose feed hears of the job, and under which names. */
export interface Followed {
  owner: string;
  mediaId: string;
  batchId: string | null;
}

/**
 * The progress channel of one job, whose watchdog takes tasks back from silent workers, and which tells the webhooks
 * that want to hear of progress.
 */
export class JobProgress extends ProgressChannel {
  /** Percentage of a run up to which milestones were looked for. */
  #lookedAt: { run: number; percentage: number } | undefined;
  #steps: Promise<number[]> | undefined;
  /** Status and stage that D1 knows, and since when; after an eviction it may be told once more. */
  #written: { mark: string; atMs: number } | undefined;

  /** Undefined: not looked up since the object was made. */
  #followed: Followed | null | undefined;
  /** Sequence number of what the feed was told last. */
  #toldFeed: number | undefined;

  /** While it is read how the job stands; what happened since then is heard after it. */
  #opening: Promise<void> | undefined;

  override async record(events: ProgressEvent[]): Promise<void> {
    await this.#opening?.catch(() => undefined);
    await this.#hear(events);
  }

  async #hear(events: ProgressEvent[]): Promise<void> {
    await super.record(events);
    const snapshot = await this.snapshot();
    if (!snapshot) return;
    this.ctx.waitUntil(this.#keepInD1(snapshot, Date.now()));
    this.ctx.waitUntil(this.#tellFeed(snapshot));
  }

  /**
   * Begins to be told of a job that had no channel, or whose channel has lost everything, and gives how it stands; `null`
   * when it has ended.
   */
  async open(): Promise<ProgressSnapshot | null> {
    this.#opening ??= this.#learn().finally(() => {
      this.#opening = undefined;
    });
    await this.#opening;
    return await this.snapshot();
  }

  async #learn(): Promise<void> {
    const found = await openChannel(this.env.DB, this.ctx.id.name ?? "");
    if (found?.job.finishedAt !== null) return;
    await this.#hear(catchUp(found.job, found.tasks, Date.now()));
  }

  /** From now on tells the feed of the job's owner, until that says that nobody listens. Gives how the job stands. */
  async follow(followed: Followed): Promise<FeedEntry | null> {
    this.ctx.storage.kv.put("followed", followed);
    this.#followed = followed;
    const snapshot = await this.snapshot();
    return snapshot && feedEntry(snapshot, followed);
  }

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

  /**
   * D1 learns of progress when the stage changes, when a milestone is passed of somebody who wants to hear of it, and
   * when the job ends short of completion. Most images do none of it and cost no write.
   */
  async #keepInD1(snapshot: ProgressSnapshot, nowMs: number): Promise<void> {
    const { job_id: jobId, status, run, progress_percentage: percentage, current_stage: stage } = snapshot;
    if (status === "pending" || status === "completed") return;
    const isStageDue = this.#noteStage(`${status} ${stage}`, status !== "processing", nowMs);
    try {
      const isMilestone = status === "processing" && (await this.#passesMilestone(jobId, run, percentage));
      if (isStageDue || isMilestone) await this.#advance({ jobId, run, percentage, stage }, nowMs);
    } catch (error) {
      this.#steps = undefined;
      this.#lookedAt = undefined;
      log("warn", "progress", "progress_unwritten", { job_id: jobId, detail: String(error) });
    }
  }

  async #advance(advance: Advance, nowMs: number): Promise<void> {
    this.save();
    const isTold = await saveProgress(this.env.DB, advance, nowMs);
    if (isTold) await dispatchEvents(this.env, [advance.jobId], nowMs);
  }

  /** At most once a second: what runs through its stages faster is not written for each of them. */
  #noteStage(mark: string, ended: boolean, nowMs: number): boolean {
    if (!this.#written && !ended) this.#written = { mark, atMs: nowMs };
    const due = ended || nowMs >= (this.#written?.atMs ?? 0) + WRITE_EVERY_MS;
    if (mark === this.#written?.mark || !due) return false;
    this.#written = { mark, atMs: nowMs };
    return true;
  }

  async #passesMilestone(jobId: string, run: number, percentage: number): Promise<boolean> {
    const lookedAt = this.#lookedAt?.run === run ? this.#lookedAt.percentage : 0;
    this.#lookedAt = { run, percentage };
    this.#steps ??= progressSteps(this.env.DB, jobId);
    return passesMilestone(lookedAt, percentage, await this.#steps);
  }

  /** A feed that cannot be reached misses this; what comes next is whole again. */
  async #tellFeed(snapshot: ProgressSnapshot): Promise<void> {
    this.#followed ??= this.ctx.storage.kv.get<Followed>("followed") ?? null;
    if (!this.#followed || snapshot.sequence === this.#toldFeed) return;
    this.#toldFeed = snapshot.sequence;
    const feed = this.env.FEED.getByName(this.#followed.owner);
    try {
      if (await feed.tell(feedEntry(snapshot, this.#followed))) return;
      this.ctx.storage.kv.delete("followed");
      this.#followed = null;
    } catch (error) {
      log("warn", "progress", "feed_untold", { job_id: snapshot.job_id, detail: String(error) });
    }
  }
}

function feedEntry(snapshot: ProgressSnapshot, { mediaId, batchId }: Followed): FeedEntry {
  return {
    jobId: snapshot.job_id,
    mediaId,
    batchId,
    status: snapshot.status,
    progress: snapshot.progress_percentage,
    sequence: snapshot.sequence,
    tasksDone: snapshot.tasks.filter((task) => task.state === "done").length,
  };
}
