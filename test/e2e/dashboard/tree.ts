/** The tree of the demo's conversation with the most branches. browser-tree.test.ts drags, zooms and walks the tree. */
import { expect, it } from "vitest";
import type { ConversationTree } from "../../../workers/schemas/api/conversations.ts";
import type { DemoStack } from "../../support/demo-stack.ts";

export function describeTree(demo: () => DemoStack): void {
  it("the tree draws every branch and task of the conversation", async () => {
    const { page } = await demo().open(`/conversations/${demo().branchedConversation}?view=tree`);
    const tree = await demo().getJson<ConversationTree>(
      `/api/conversations/${demo().branchedConversation}/tree`,
    );
    const of = (kind: string) => tree.branches.filter((branch) => branch.kind === kind);
    expect(await page.locator(".box").count()).toBe(
      of("subtask").length + tree.tasks.filter(({ branch }) => branch === null).length,
    );
    expect(await page.locator(".branch-label").count()).toBe(of("branch").length + of("compact").length);
    expect(await page.locator(".edge.compact").count()).toBeGreaterThan(0);
    const label = (await page.locator(".box text").first().textContent()) ?? "";
    expect(label).toBe(`sub-task 1 (${of("subtask")[0]!.requests})`);
  });

  it("the tree links the box of a sub-task to its transcript", async () => {
    const { page } = await demo().open(`/conversations/${demo().branchedConversation}`);
    await page.waitForSelector(".tree-frame.is-live");
    await page.locator(".box").first().focus();
    await page.locator("#tree-card").waitFor({ state: "visible" });
    expect(await page.textContent("#tree-card")).toContain("sub-task 1");
    await page.keyboard.press("Enter");
    await page.waitForURL(/branch=/);
    expect(await page.textContent(".transcript-bar")).toContain("subtask_1");
  });
}
