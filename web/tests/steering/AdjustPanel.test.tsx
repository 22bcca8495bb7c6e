import { MantineProvider } from "@mantine/core";
import { act, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test } from "vitest";

import AdjustPanel from "../../src/steering/AdjustPanel";
import { type SessionStream, useSessionStream } from "../../src/stream/useSessionStream";
import { answer, type FakeSocket, FakeSurroundings, hello, schema, SCHEMA, status, ticks } from "../samples";

interface Opened {
  readonly socket: FakeSocket;
  /** Commands that went out, without their ids. */
  readonly sent: () => unknown[];
  readonly lastId: () => string;
  readonly says: (...frames: object[]) => Promise<void>;
}

async function open(changes: object = {}): Promise<Opened> {
  const around = new FakeSurroundings();
  let stream: SessionStream | undefined;
  function Page() {
    stream = useSessionStream("k3v9", around);
    return <AdjustPanel stream={stream} onClose={() => undefined} />;
  }
  render(
    <MantineProvider>
      <Page />
    </MantineProvider>,
  );
  const { socket } = around;
  const commands = () =>
    socket.sent.filter((frame) => (frame as { type: string }).type === "command") as Record<
      string,
      unknown
    >[];
  const says = async (...frames: object[]) => {
    await act(async () => {
      socket.says(...frames);
      // The panel renders at most every 150 ms.
      await new Promise((resolve) => setTimeout(resolve, 200));
    });
  };
  act(() => socket.onopen?.());
  await says(hello(), status(1, "running"), { ...schema(2), ...changes }, ticks(3, 0, 5));
  return {
    socket,
    says,
    sent: () => commands().map(({ command, args }) => ({ command, args })),
    lastId: () => String(commands().at(-1)?.["id"]),
  };
}

describe("the panel, made from the schema", () => {
  test("offers the feasible batch sizes, beside the one that holds", async () => {
    const { sent } = await open();
    const row = screen.getByRole("group", { name: "Batch size" });
    expect(within(row).getByText("128")).toBeVisible();
    const select = within(row).getByRole("combobox", { name: "Batch size of 8B" });
    expect(
      within(select)
        .getAllByRole("option")
        .map((option) => option.textContent),
    ).toEqual(["–", "8", "16"]);
    expect(within(row).getByRole("button", { name: "Set" })).toBeDisabled();
    await userEvent.selectOptions(select, "16");
    await userEvent.click(within(row).getByRole("button", { name: "Set" }));
    expect(sent()).toEqual([
      { command: "set_batch_size", args: { datacenter: "dc", batch_size_by_model: { "8B": 16 } } },
    ]);
  });

  test("shifts replicas up and down", async () => {
    const { sent } = await open();
    await userEvent.click(screen.getByRole("button", { name: "Fewer replicas of 8B" }));
    const by = screen.getByRole("textbox", { name: "By how many replicas of 8B" });
    await userEvent.clear(by);
    await userEvent.type(by, "12");
    await userEvent.click(screen.getByRole("button", { name: "More replicas of 8B" }));
    const args = { datacenter: "dc", model: "8B" };
    expect(sent()).toEqual([
      { command: "shift_replicas", args: { ...args, replica_delta: -1 } },
      { command: "shift_replicas", args: { ...args, replica_delta: 12 } },
    ]);
  });

  test("sets taps by ratio, and says which step that is", async () => {
    const { sent } = await open();
    const row = screen.getByRole("group", { name: "reg1" });
    expect(within(row).getByText("1.0625 (+10)")).toBeVisible();
    await userEvent.type(within(row).getByRole("textbox"), "1.05{Enter}");
    expect(within(row).getByRole("button", { name: "Set +8" })).toBeEnabled();
    expect(sent()).toEqual([{ command: "set_taps", args: { regulators: { reg1: 1.05 } } }]);
  });

  test("sets the power of a storage", async () => {
    const { sent } = await open();
    const row = screen.getByRole("group", { name: "bat" });
    expect(within(row).getByText("-20 kW, 5 kvar")).toBeVisible();
    await userEvent.type(within(row).getByRole("textbox", { name: "Power of bat, kW" }), "-100");
    await userEvent.click(within(row).getByRole("button", { name: "Set" }));
    expect(sent()).toEqual([
      { command: "set_storage_power", args: { storage: "bat", power_kw: -100, reactive_power_kvar: 0 } },
    ]);
  });

  test("a controller turns off when the run says so, not when it is asked", async () => {
    const { sent, lastId, says } = await open();
    const row = screen.getByRole("group", { name: "ofo" });
    await userEvent.click(within(row).getByRole("radio", { name: "off" }));
    const args = { name: "ofo", enabled: false };
    expect(sent()).toEqual([{ command: "set_controller", args }]);
    expect(within(row).getByRole("radio", { name: "on" })).toBeChecked();
    await says(answer(4, lastId(), "set_controller", { args, tick: 5 }));
    expect(within(row).getByRole("radio", { name: "off" })).toBeChecked();
    expect(within(row).getByText("applied at 00:02.5")).toBeVisible();
  });

  test("a refusal stands at the field that it is about", async () => {
    const { lastId, says } = await open();
    await userEvent.click(screen.getByRole("button", { name: "Fewer replicas of 8B" }));
    const row = screen.getByRole("group", { name: "Replicas" });
    expect(await within(row).findByText("sent…")).toBeVisible();
    await says(answer(4, lastId(), "shift_replicas", { status: "rejected", error: "dc has 0 replicas" }));
    expect(within(row).getByText("dc has 0 replicas")).toBeVisible();
    expect(screen.getByRole("group", { name: "Batch size" })).not.toHaveTextContent("dc has 0 replicas");
  });

  test("shows only what the run has", async () => {
    await open({ regulators: [], storages: [], controllers: [], datacenters: SCHEMA.datacenters });
    expect(screen.getByRole("region", { name: "Datacenter dc" })).toBeVisible();
    for (const name of ["Controllers", "Regulator taps", "Storage"]) {
      expect(screen.queryByRole("region", { name })).toBeNull();
    }
  });

  test("out of touch nothing can be sent, and nothing is kept", async () => {
    const { socket, sent } = await open();
    act(() => {
      socket.drops(1012);
    });
    expect(await screen.findByText(/Not connected: nothing can be sent/)).toBeVisible();
    for (const button of screen.getAllByRole("button", { name: /replicas of 8B/ }))
      expect(button).toBeDisabled();
    await userEvent.click(screen.getByRole("button", { name: "More replicas of 8B" }));
    expect(sent()).toEqual([]);
  });
});
