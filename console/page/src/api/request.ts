/** Requests to the server of this page: JSON both ways, and refusals as errors. */
import type { Me, Problem } from "./contract.ts";

/** A request that was refused, in the server's words. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(problem.message);
  }
}

let csrf = "";

/** Keep what proves that a request is this page's own. */
export function introduce(me: Me): void {
  csrf = me.csrf;
}

export function proof(): Record<string, string> {
  return { "X-Sluice-CSRF": csrf };
}

export async function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  return answer<T>(await fetch(path, { headers: { Accept: "application/json" }, ...(signal ? { signal } : {}) }));
}

export async function post<T>(path: string, body?: unknown): Promise<T> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  return answer<T>(
    await fetch(path, { method: "POST", headers: { "Content-Type": "application/json", ...proof() }, ...sent }),
  );
}

async function answer<T>(response: Response): Promise<T> {
  if (response.ok) return (await response.json()) as T;
  throw refused(response.status, await response.text());
}

/** Return the error that a refusal is; without a session, go and sign in. */
export function refused(status: number, text: string): Refused {
  let problem: Problem;
  try {
    problem = JSON.parse(text) as Problem;
  } catch {
    problem = { error: "aws", message: `The console answered ${status}: ${text.slice(0, 200)}`, missing_permission: null, sign_in: null };
  }
  if (status === 401 && problem.sign_in) {
    const to = location.pathname + location.search;
    location.assign(`${problem.sign_in}?to=${encodeURIComponent(to)}`);
  }
  return new Refused(status, problem);
}
