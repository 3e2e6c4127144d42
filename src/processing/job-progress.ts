import { readEnd } from "../jobs/store/read-jobs.ts";
import { saveProgress } from "../jobs/store/save-progress.ts";
import { log } from "../log.ts";
import { ProgressChannel } from "../progress/channel.ts";
import type { ProgressEvent, ProgressSnapshot } from "../progress/event.ts";
import type { FeedEntry } from "../progress/feed-entries.ts";
import { type Advance, passesMilestone, progressSteps, tellMilestone } from "../webhooks/milestones.ts";
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
  /** Percentage up to which milestones were looked at; stored when one was passed. */
  #lookedAt: number | undefined;
  #steps: Promise<number[]> | undefined;
  /** Status and stage that D1 knows, and since when; after an eviction it may be told once more. */
  #written: { mark: string; atMs: number } | undefined;

  /** Undefined: not looked up since the object was made. */
  #followed: Followed | null | undefined;
  /** Sequence number of what the feed was told last. */
  #toldFeed: number | undefined;

  override async record(events: ProgressEvent[]): Promise<void> {
    await super.record(events);
    const snapshot = await this.snapshot();
    if (!snapshot) return;
    this.ctx.waitUntil(this.#lookForMilestone(snapshot));
    this.ctx.waitUntil(this.#writeDown(snapshot, Date.now()));
    this.ctx.waitUntil(this.#tellFeed(snapshot));
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
   * D1 learns of progress only when the stage changes or the job ends short of completion, and at most once a second:
   * what runs through its stages faster, as most images do, costs no write.
   */
  async #writeDown(snapshot: ProgressSnapshot, nowMs: number): Promise<void> {
    const { job_id, status, progress_percentage, current_stage } = snapshot;
    if (status === "pending" || status === "completed") return;
    const mark = `${status} ${current_stage}`;
    const ended = status !== "processing";
    if (!this.#written && !ended) this.#written = { mark, atMs: nowMs };
    const due = ended || nowMs >= (this.#written?.atMs ?? 0) + WRITE_EVERY_MS;
    if (mark === this.#written?.mark || !due) return;
    this.#written = { mark, atMs: nowMs };
    try {
      await saveProgress(this.env.DB, job_id, progress_percentage, current_stage);
    } catch (error) {
      log("warn", "progress", "stage_unwritten", { job_id, detail: String(error) });
    }
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

  /** Milestones are only informational: one that cannot be written down is not told. */
  async #lookForMilestone({ job_id, status, ...shown }: ProgressSnapshot): Promise<void> {
    if (status !== "processing") return;
    const now = shown.progress_percentage;
    const lookedAt = this.#lookedAt ?? this.ctx.storage.kv.get<number>("lookedAt") ?? 0;
    // An explicit retry begins again.
    const advance: Advance = { before: Math.min(lookedAt, now), now, stage: shown.current_stage };
    this.#lookedAt = now;
    try {
      this.#steps ??= progressSteps(this.env.DB, job_id);
      if (passesMilestone(advance, await this.#steps)) {
        this.ctx.storage.kv.put("lookedAt", now);
        await tellMilestone(this.env, job_id, advance, Date.now());
      }
    } catch (error) {
      this.#steps = undefined;
      log("warn", "progress", "milestone_untold", { job_id, detail: String(error) });
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
