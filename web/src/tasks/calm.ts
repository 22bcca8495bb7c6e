/**
 * Asks the service no oftener than it takes: who asks while an answer is under way, or fresh, shares it, and one more question follows.
 * Events come faster than answers; without this each of them would ask for everything again, and throw away what was just coming.
 */
export class Calm<T> {
  private current: Promise<T> | null = null;
  private stale = false;
  private readonly ask: () => Promise<T>;
  /** Hears what nobody waits for any more. */
  private readonly tell: (answer: T) => void;
  private readonly everyMs: number;

  constructor(ask: () => Promise<T>, tell: (answer: T) => void, everyMs: number) {
    this.ask = ask;
    this.tell = tell;
    this.everyMs = everyMs;
  }

  get(): Promise<T> {
    if (this.current) {
      this.stale = true;
      return this.current;
    }
    const answer = this.ask();
    this.current = answer;
    const rest = () => {
      setTimeout(() => {
        this.current = null;
        if (!this.stale) return;
        this.stale = false;
        // A failure is found again by the next who asks.
        this.get().then(this.tell, () => undefined);
      }, this.everyMs);
    };
    answer.then(rest, rest);
    return answer;
  }
}
