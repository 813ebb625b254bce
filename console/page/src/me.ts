/** Who looks, and what they may do. */
import { signal } from "@preact/signals";
import type { Me } from "./api/contract.ts";
import { introduce, post, read } from "./api/request.ts";
import type { SignedOut } from "./api/contract.ts";

export const me = signal<Me | null>(null);
export const unknown = signal<Error | null>(null);

export async function meet(): Promise<void> {
  try {
    const found = await read<Me>("/api/me");
    introduce(found);
    me.value = found;
  } catch (error) {
    unknown.value = error as Error;
  }
}

/** Return the permission that a person lacks for something; null when they may do it, as far as that is known. */
export function missing(what: string): string | null {
  const permission = me.value?.permitted[what];
  return permission && !permission.allowed ? (permission.missing ?? "a permission") : null;
}

/** What the server refuses for want of a permission stays greyed until somebody asks again. */
export function refuse(what: string, permission: string | null): void {
  if (!me.value) return;
  me.value = { ...me.value, permitted: { ...me.value.permitted, [what]: { allowed: false, missing: permission } } };
}

export async function signOut(): Promise<void> {
  const { to } = await post<SignedOut>("/auth/sign-out");
  location.assign(to ?? "/");
}
