import { describe, expect, test } from "vitest";

import { mayMake, mayShare, maySteer, owns } from "../../src/account/rights";

const person = (name: string | null, admin = false) => ({ accounts: true, name, admin });
const LOCAL = { accounts: false, name: null, admin: false };
const ada = person("ada");
const ben = person("ben");
const root = person("root", true);
const nobody = person(null);

describe("of ada's run", () => {
  test.each([
    ["its owner", ada, { owns: true, share: true, steer: true, make: true }],
    ["another one", ben, { owns: false, share: false, steer: false, make: true }],
    ["an admin", root, { owns: true, share: true, steer: true, make: true }],
    ["nobody in particular", nobody, { owns: false, share: false, steer: false, make: false }],
    ["the local user", LOCAL, { owns: true, share: false, steer: true, make: true }],
  ])("%s may do what the service lets them", (_, who, may) => {
    expect({
      owns: owns(who, "ada"),
      share: mayShare(who, "ada"),
      steer: maySteer(who, "ada", null),
      make: mayMake(who),
    }).toEqual(may);
  });

  test.each([
    ["controller", true],
    ["viewer", false],
    [null, false],
  ])("the guest of a link who is a %s there", (role, may) => {
    expect(maySteer(nobody, "ada", role)).toBe(may);
    expect(maySteer(ben, "ada", role)).toBe(may);
  });
});
