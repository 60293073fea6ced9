/** Runs one commit at a time; callers that arrive meanwhile share the next one. */

interface Batch {
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit {
  private running: Promise<void> | undefined;
  private next: Batch | undefined;

  constructor(private readonly commit: () => Promise<void>) {}

  /** Settles as the first commit does that begins after this call. */
  join(): Promise<void> {
    this.next ??= makeBatch();
    const { done } = this.next;
    if (this.running === undefined) void this.run();
    return done;
  }

  /** Settles as the commit does that runs now; at once where none does. */
  current(): Promise<void> {
    return this.running ?? Promise.resolve();
  }

  /** Resolves when no commit runs or waits, whatever came of them. */
  async idle(): Promise<void> {
    while (this.running !== undefined) await this.running.catch(() => undefined);
  }

  private async run(): Promise<void> {
    for (let batch = this.next; batch !== undefined; batch = this.next) {
      this.next = undefined;
      this.running = batch.done;
      try {
        await this.commit();
        batch.resolve();
      } catch (error) {
        batch.reject(error);
      }
    }
    this.running = undefined;
  }
}

function makeBatch(): Batch {
  let resolve: Batch['resolve'] = () => undefined;
  let reject: Batch['reject'] = () => undefined;
  const done = new Promise<void>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { done, resolve, reject };
}
