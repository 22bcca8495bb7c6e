import type { Stage } from "./stage";

/** Whether an element is in sight, or nearly. What is scrolled away is not painted; it catches up when it comes back. */
export class Sight {
  seen: boolean;
  private readonly observer: IntersectionObserver;

  constructor(element: Element, stage: Stage) {
    // At once: the observer tells a frame or two later, and the first picture is waited for.
    const { top, height } = element.getBoundingClientRect();
    this.seen = height > 0 && top < innerHeight;
    this.observer = new IntersectionObserver(
      (entries) => {
        this.seen = entries.at(-1)?.isIntersecting ?? false;
        if (this.seen) stage.request();
      },
      { rootMargin: "200px" },
    );
    this.observer.observe(element);
  }

  end(): void {
    this.observer.disconnect();
  }
}
