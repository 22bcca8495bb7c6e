/** What the person at this page may do with a thing, so that what the service would refuse is not offered. Where there are no accounts everybody may do everything. */

import type { Standing } from "./credentials";

/** What they are at one thing, in the service's word; null where it was not told. */
export type Role = string | null;

type Person = Pick<Standing, "accounts" | "name" | "admin">;

/** Whether what belongs to `owner` is theirs to delete and to share. */
export function owns({ accounts, name, admin }: Person, owner: string): boolean {
  return !accounts || admin || name === owner;
}

/** Whether they may show to others what belongs to `owner`. */
export function mayShare(person: Person, owner: string): boolean {
  return person.accounts && owns(person, owner);
}

/** Whether they may make something of their own. */
export function mayMake({ accounts, name }: Person): boolean {
  return !accounts || name !== null;
}

/** Whether they may do something to what belongs to `owner`, where `role` is what they are told to be there. */
export function maySteer(person: Person, owner: string, role: Role): boolean {
  return owns(person, owner) || role === "controller";
}
