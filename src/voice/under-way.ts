/**
 * A webhook that comes again while it is being answered waits for that. As long as the disk has not spoken, nobody can
 * tell the caller whether something was recorded (law 2); after that it is a repetition like any other (law 4).
 */
export function oneByOne(): <T>(name: string, answer: () => Promise<T>) => Promise<T> {
  /** By name, the last one of them. As many as are under way. */
  const underWay = new Map<string, Promise<unknown>>();

  return async (name, answer) => {
    const before = underWay.get(name);
    const answering = before === undefined ? answer() : Promise.allSettled([before]).then(answer);
    underWay.set(name, answering);
    try {
      return await answering;
    } finally {
      if (underWay.get(name) === answering) underWay.delete(name);
    }
  };
}
