// Those who wait for a writer: for room, or for answers.
interface Waiter {
  readonly isReady: () => boolean;
  readonly resolve: (isReady: boolean) => void;
  readonly reject: (error: unknown) => void;
  readonly isForRoom: boolean;
}

export class Waiters {
  private waiters: Waiter[] = [];

  /** Whether somebody waits for room. */
  get hasAny(): boolean {
    return this.waiters.some(({ isForRoom }) => isForRoom);
  }

  /**
   * Waits until `isReady`, which is asked whenever something was answered; false after the
   * timeout.
   */
  until(isReady: () => boolean, timeout: number): Promise<boolean> {
    return isReady() ? Promise.resolve(true) : this.wait(isReady, timeout, false);
  }

  /** Waits for room. `tryAdd` adds where there is some; those who came first are asked first. */
  add(tryAdd: () => boolean, timeout: number): Promise<boolean> {
    return this.wait(tryAdd, timeout, true);
  }

  /** Something was answered. */
  look(): void {
    let isFull = false;
    const { waiters } = this;
    this.waiters = [];
    const left = waiters.filter((waiter) => {
      if (waiter.isForRoom && isFull) return true;
      try {
        if (!waiter.isReady()) {
          isFull ||= waiter.isForRoom;
          return true;
        }
        waiter.resolve(true);
      } catch (error) {
        waiter.reject(error);
      }
      return false;
    });
    this.waiters = [...left, ...this.waiters];
  }

  /** Nobody gets room any more. */
  refuseAll(error: unknown): void {
    for (const waiter of this.waiters) if (waiter.isForRoom) waiter.reject(error);
    this.waiters = this.waiters.filter(({ isForRoom }) => !isForRoom);
  }

  private wait(isReady: () => boolean, timeout: number, isForRoom: boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        isReady,
        isForRoom,
        resolve: (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error as Error);
        },
      };
      const timer = setTimeout(() => {
        this.waiters = this.waiters.filter((other) => other !== waiter);
        resolve(false);
      }, timeout);
      this.waiters.push(waiter);
    });
  }
}
