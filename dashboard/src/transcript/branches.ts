/** Orders the branches of a conversation as a tree: each below the branch it leaves. */

interface BranchLike {
  branchKey: string;
  parentRequestId: string | null;
  parentTaskRequestId: string | null;
}

export interface BranchRow<B> {
  branch: B;
  /** Steps from the trunk. */
  depth: number;
}

/**
 * `branches` are sorted by start; `requests` map requests to branches. A branch whose parent is not listed has depth 0.
 * Every branch is returned once, even if the parents form a cycle.
 */
export function orderBranches<B extends BranchLike>(
  branches: readonly B[],
  requests: readonly { requestId: string; branchKey: string }[],
): BranchRow<B>[] {
  const branchOf = new Map(requests.map((request) => [request.requestId, request.branchKey]));
  // A branch's key is the id of its first request.
  for (const { branchKey } of branches) branchOf.set(branchKey, branchKey);
  const known = new Set(branches.map(({ branchKey }) => branchKey));
  const children = Map.groupBy(branches, (branch) => {
    const parent = branchOf.get(branch.parentTaskRequestId ?? branch.parentRequestId ?? "");
    return parent !== undefined && parent !== branch.branchKey && known.has(parent) ? parent : null;
  });
  const rows: BranchRow<B>[] = [];
  const seen = new Set<string>();
  const add = (branch: B, depth: number) => {
    if (seen.has(branch.branchKey)) return;
    seen.add(branch.branchKey);
    rows.push({ branch, depth });
    for (const child of children.get(branch.branchKey) ?? []) add(child, depth + 1);
  };
  for (const branch of children.get(null) ?? []) add(branch, 0);
  for (const branch of branches) add(branch, 0);
  return rows;
}
