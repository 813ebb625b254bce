/** What a view reads: read at once, and again whenever its topic changes. */
import { useEffect, useState } from "preact/hooks";
import { onChange } from "./changes.ts";
import { read, Refused } from "./request.ts";

export interface Reading<T> {
  value: T | null;
  error: Error | null;
  again: () => void;
}

/** The topic of what never changes while it is looked at. */
export const STILL = Symbol("still");
const AGAIN_AFTER = 2_000;

/**
 * Read `path`, null for nothing, and again on each change of a run, or of the overview (null).
 * The last value stays while another address of the same view is read.
 */
export function useRead<T>(path: string | null, topic: string | null | typeof STILL): Reading<T> {
  const [state, setState] = useState<{ path: string | null; value: T | null; error: Error | null }>({
    path: null,
    value: null,
    error: null,
  });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (path === null) return;
    const end = new AbortController();
    let [busy, dirty] = [false, false];
    let timer = 0;
    let has: string | null = null;
    let heard: string | null = null;
    const load = async (): Promise<void> => {
      if (busy) {
        dirty = true; // One request at a time: a change that comes meanwhile is read after it.
        return;
      }
      busy = true;
      try {
        const value = await read<T>(path, end.signal);
        has = (value as { version?: string }).version ?? null;
        if (has !== null && has === heard) dirty = false; // What was heard of meanwhile is in it.
        setState({ path, value, error: null });
      } catch (error) {
        if (end.signal.aborted) return;
        setState((last) => ({ path, value: last.path === path ? last.value : null, error: error as Error }));
        // A run that was just started is in the ledger after some seconds.
        if (error instanceof Refused && error.status === 404) timer = setTimeout(load, AGAIN_AFTER);
      } finally {
        busy = false;
      }
      if (dirty) {
        dirty = false;
        void load();
      }
    };
    /** Read again, unless that is what is shown: a stream begins with how things are. */
    const hear = (version: string | null): void => {
      heard = version;
      if (version === null || version !== has) void load();
    };
    void load();
    const silent = topic === STILL ? () => undefined : onChange(topic as string | null, hear);
    return () => {
      end.abort();
      clearTimeout(timer);
      silent();
    };
  }, [path, topic, turn]);
  const current = state.path === path;
  return {
    value: path === null ? null : state.value,
    error: current ? state.error : null,
    again: () => setTurn((last) => last + 1),
  };
}
