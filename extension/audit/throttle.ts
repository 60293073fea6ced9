/** Runs something at most once per interval, and always once more after the last call. */

export interface Throttled {
  call(): void;
  dispose(): void;
}

export function throttle(action: () => void, millis: number): Throttled {
  let timer: NodeJS.Timeout | undefined;
  let isWanted = false;
  let isDisposed = false;
  const run = () => {
    isWanted = false;
    timer = setTimeout(() => {
      timer = undefined;
      if (isWanted) run();
    }, millis);
    action();
  };
  return {
    call() {
      if (isDisposed) return;
      if (timer === undefined) run();
      else isWanted = true;
    },
    dispose() {
      isDisposed = true;
      isWanted = false;
      clearTimeout(timer);
    },
  };
}
