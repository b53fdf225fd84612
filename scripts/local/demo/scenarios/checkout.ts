/** A web shop's checkout service: TypeScript, Postgres, a payment provider. */
import type { Project } from "./scenario.ts";

const charge = `import { randomUUID } from "node:crypto";
import type { PaymentProvider } from "./provider.ts";
import { retry } from "../lib/retry.ts";

export interface ChargeRequest {
  orderId: string;
  amount: number;
  currency: string;
}

/** Charges the card of an order; tries again when the provider does not answer. */
export async function chargeOrder(provider: PaymentProvider, request: ChargeRequest) {
  return retry(3, async () => {
    const idempotencyKey = randomUUID();
    return provider.charge({ ...request, idempotencyKey });
  });
}
`;

const totals = `import type { CartLine } from "./cart.ts";

/** Sum of a cart in cents, tax included. */
export function cartTotal(lines: CartLine[]): number {
  let total = 0;
  for (const line of lines) {
    const net = line.unitPrice * line.quantity;
    total += net + net * line.taxRate;
  }
  return Math.round(total);
}

export function taxByRate(lines: CartLine[]): Map<number, number> {
  const byRate = new Map<number, number>();
  for (const line of lines) {
    const tax = Math.round(line.unitPrice * line.quantity * line.taxRate);
    byRate.set(line.taxRate, (byRate.get(line.taxRate) ?? 0) + tax);
  }
  return byRate;
}
`;

const webhook = `import { createHmac, timingSafeEqual } from "node:crypto";
import type { Request, Response } from "express";
import { settings } from "../settings.ts";

export function verifySignature(request: Request): boolean {
  const given = Buffer.from(String(request.header("x-signature")), "hex");
  const payload = JSON.stringify(request.body);
  const expected = createHmac("sha256", settings.webhookSecret).update(payload).digest();
  return given.length === expected.length && timingSafeEqual(given, expected);
}

export function paymentWebhook(request: Request, response: Response) {
  if (!verifySignature(request)) return response.status(401).end();
  // …
}
`;

const history = `export async function orderHistory(db: Db, customerId: string, page: number) {
  return db.query(
    \`SELECT o.id, o.placed_at, o.total, count(l.id) AS lines
       FROM orders o
       LEFT JOIN order_lines l ON l.order_id = o.id
      WHERE o.customer_id = $1
      GROUP BY o.id
      ORDER BY o.placed_at DESC
      LIMIT 20 OFFSET $2\`,
    [customerId, page * 20],
  );
}
`;

export const checkout: Project = {
  name: "checkout",
  about: "the checkout service of the web shop (TypeScript, Express, Postgres)",
  language: "ts",
  test: "npm test --silent",
  green: "Test Files  41 passed (41)\n     Tests  312 passed (312)\n  Duration  6.84s",
  instructions:
    "# Checkout service\n\n- Money is integer cents. Never use floats for amounts.\n- Every external call has a timeout and an idempotency key.\n- Run `npm test` before committing; commit messages say what changed for the shopper.\n- Database changes go through `migrations/`, one file each, never edited after merging.",
  symbols: [
    {
      name: "chargeOrder",
      path: "src/payments/charge.ts",
      text: charge,
      purpose: "charges an order's card and retries when the provider is silent",
    },
    {
      name: "cartTotal",
      path: "src/cart/totals.ts",
      text: totals,
      purpose: "sums a cart in cents with the tax of each line",
    },
    {
      name: "verifySignature",
      path: "src/webhooks/payment.ts",
      text: webhook,
      purpose: "checks that a webhook really comes from the payment provider",
    },
    {
      name: "orderHistory",
      path: "src/orders/history.ts",
      text: history,
      purpose: "lists a customer's orders, newest first",
    },
  ],
  tasks: [
    {
      title: "Stop double charges on payment retries",
      ask: "Support has two customers who were charged twice yesterday around 14:10, when the payment provider was slow. Can you find out how that can happen and fix it?",
      opening:
        "Two charges for one order smell like a retry without a stable idempotency key. I'll look at how the charge call is made.",
      pattern: "idempotencyKey",
      hits: [
        "src/payments/charge.ts:14:    const idempotencyKey = randomUUID();",
        "src/payments/provider.ts:22:  idempotencyKey: string;",
        "src/payments/refund.ts:19:  const idempotencyKey = `refund-${refund.id}`;",
      ],
      file: { path: "src/payments/charge.ts", text: charge },
      plan: [
        "Reproduce the double charge in a test",
        "Derive the idempotency key from the order",
        "Check refunds for the same mistake",
        "Run the whole suite",
      ],
      diagnosis:
        "Found it: the key is made **inside** the retry callback, so every attempt looks like a new charge to the provider. When the first attempt went through but its answer was lost, the second one charged again. Refunds derive their key from the refund's id, which is the right pattern.",
      edits: [
        {
          before:
            "  return retry(3, async () => {\n    const idempotencyKey = randomUUID();\n    return provider.charge({ ...request, idempotencyKey });\n  });",
          after:
            "  // One key per order and amount: whatever is tried again is the same charge to the provider.\n  const idempotencyKey = `charge-${request.orderId}-${request.amount}`;\n  return retry(3, () => provider.charge({ ...request, idempotencyKey }));",
          say: "I'll make the key before the first attempt and derive it from the order, as the refunds do.",
        },
        {
          before: 'import { randomUUID } from "node:crypto";\n',
          after: "",
          say: "The random key is no longer needed.",
        },
      ],
      check: {
        command: "npx vitest run src/payments --reporter=dot",
        failing:
          " FAIL  src/payments/charge.test.ts > charges once when the first answer is lost\nAssertionError: expected 2 to be 1\n  - Expected: 1\n  + Received: 2\n\n Test Files  1 failed | 3 passed (4)\n      Tests  1 failed | 27 passed (28)",
        passing: " Test Files  4 passed (4)\n      Tests  28 passed (28)\n   Duration  1.12s",
      },
      summary:
        "Fixed. A lost answer can no longer turn into a second charge.\n\n**Cause.** The idempotency key was created inside the retry callback, so each attempt carried a new one.\n\n**Change.** The key now comes from the order and the amount:\n\n```ts\nconst idempotencyKey = `charge-${request.orderId}-${request.amount}`;\nreturn retry(3, () => provider.charge({ ...request, idempotencyKey }));\n```\n\n**Proof.** A test lets the provider succeed and then drops its answer; it counted 2 charges before and counts 1 now. All 28 payment tests pass.\n\nThe two customers still need a refund by hand: the code cannot tell which of their charges was the wrong one.",
      questions: [
        [
          "What happens if somebody changes the cart between two attempts? Same order id, different amount.",
          "Then the amount is part of the key and the provider sees a different charge, which is right: the old attempt may have gone through for the old amount, and answering the new amount with the old result would be worse.\n\nThe remaining risk is a customer who pays twice for two versions of one order. That is caught one step earlier: `placeOrder` locks the cart, so the amount cannot change while a charge is under way. I checked that the lock is released only in the `finally` after the charge.",
        ],
        [
          "Could you write the note for support, in two sentences?",
          "> Yesterday between 14:05 and 14:20 our payment provider answered slowly, and in two cases a payment that we tried again was booked twice. The fault is fixed, both customers get the second payment back today, and no card data was involved.",
        ],
      ],
      subtask: {
        description: "Audit other external calls",
        prompt:
          "Search the repository for external calls that are retried (look for `retry(`) and report for each one whether its idempotency key is stable over the attempts. List file and line, and say which ones need a change. Do not change anything.",
        pattern: "retry\\(",
        hits: [
          "src/payments/charge.ts:13:  return retry(3, async () => {",
          "src/payments/refund.ts:21:  return retry(3, () => provider.refund({ ...refund, idempotencyKey }));",
          "src/mail/send.ts:33:  await retry(5, () => mailer.send(message));",
        ],
        report:
          "Three retried calls:\n\n| call | key | verdict |\n| --- | --- | --- |\n| `src/payments/charge.ts:13` | new per attempt | **needs a change** |\n| `src/payments/refund.ts:21` | from the refund id | fine |\n| `src/mail/send.ts:33` | none | a second mail is possible, harmless but ugly; `message.id` could serve as the key |",
      },
      commit: "Charge an order once even if the provider's answer is lost",
    },
    {
      title: "Cart total off by one cent with mixed VAT",
      ask: "Accounting says that invoices with 7% and 19% items are sometimes one cent off from what we charge. Example: cart 88213. Please have a look at the totals.",
      opening:
        "A cent of difference usually means that two places round at different moments. Let me find where totals are computed.",
      pattern: "Math\\.round",
      hits: [
        "src/cart/totals.ts:10:  return Math.round(total);",
        "src/cart/totals.ts:16:    const tax = Math.round(line.unitPrice * line.quantity * line.taxRate);",
        "src/invoices/lines.ts:31:    tax: Math.round(net * rate),",
      ],
      file: { path: "src/cart/totals.ts", text: totals },
      plan: [
        "Write cart 88213 down as a test",
        "Round once per tax rate, as the invoice does",
        "Compare both sums over random carts",
      ],
      diagnosis:
        "The charge rounds once, over everything; the invoice rounds per line. With one rate the two rarely differ, with two rates they do: for cart 88213 the fractions are 0.43 and 0.38 cents, together 0.81, so the charge rounds up and the invoice drops both.\n\nThe tax office expects rounding **per rate**, so neither of the two is right as it is.",
      edits: [
        {
          before:
            "  let total = 0;\n  for (const line of lines) {\n    const net = line.unitPrice * line.quantity;\n    total += net + net * line.taxRate;\n  }\n  return Math.round(total);",
          after:
            "  const net = lines.reduce((sum, line) => sum + line.unitPrice * line.quantity, 0);\n  const tax = [...taxByRate(lines).values()].reduce((sum, one) => sum + one, 0);\n  return net + tax;",
          say: "The total becomes the net sum plus the tax per rate, so that both use one rounding.",
        },
        {
          before:
            "    const tax = Math.round(line.unitPrice * line.quantity * line.taxRate);\n    byRate.set(line.taxRate, (byRate.get(line.taxRate) ?? 0) + tax);\n  }\n  return byRate;",
          after:
            "    const net = line.unitPrice * line.quantity;\n    byRate.set(line.taxRate, (byRate.get(line.taxRate) ?? 0) + net);\n  }\n  return new Map([...byRate].map(([rate, net]) => [rate, Math.round(net * rate)]));",
          say: "And the tax is rounded once per rate, after the nets of that rate are added up.",
        },
      ],
      check: {
        command: "npx vitest run src/cart src/invoices --reporter=dot",
        failing:
          " FAIL  src/cart/totals.test.ts > cart 88213 is charged what its invoice says\nAssertionError: expected 4817 to be 4816\n\n Test Files  1 failed | 6 passed (7)\n      Tests  1 failed | 52 passed (53)",
        passing: " Test Files  7 passed (7)\n      Tests  53 passed (53)\n   Duration  1.40s",
      },
      summary:
        "Charge and invoice now agree, for cart 88213 and for 10,000 random carts with up to three rates.\n\n- Tax is summed **per rate** and rounded once per rate (`taxByRate`).\n- The total is net plus those taxes, so there is only one place that rounds.\n- `src/invoices/lines.ts` still rounds per line for display; its sum line uses `taxByRate` now.\n\n```ts\nexport function cartTotal(lines: CartLine[]): number {\n  const net = lines.reduce((sum, line) => sum + line.unitPrice * line.quantity, 0);\n  const tax = [...taxByRate(lines).values()].reduce((sum, one) => sum + one, 0);\n  return net + tax;\n}\n```\n\nOld invoices are not touched. About one in forty past carts would come out a cent different.",
      questions: [
        [
          "How did you get one in forty?",
          "I ran both versions over the anonymised carts in `fixtures/carts-2026-10.json` (18,204 carts): 451 differ, all by exactly one cent, 263 up and 188 down. Carts with a single tax rate never differ.",
        ],
      ],
      advice: {
        sessionId: "5f0c2a7e-1d34-4b8a-9c61-7e0d93b4a512",
        query: "Rounding VAT on invoices with several tax rates: per line, per rate or per total?",
        context: ["language:typescript", "task:bug_fix", "area:invoices"],
        response:
          "# Round VAT once per rate {#round-once}\n\nThree teams here had the same one-cent difference. Charge and invoice agree when **both** use one function that sums the net amounts of a rate and rounds the tax of that sum:\n\n```ts\nconst tax = [...netByRate].map(([rate, net]) => Math.round(net * rate));\n```\n\n## What went wrong elsewhere {#pitfalls}\n\n- Rounding per line differs from the tax office's sum from about the third line on.\n- A second place that rounds, usually the PDF, brings the difference back. Keep one function and use it in both.\n- Old invoices stay as they are: they have been declared.",
        confidence: 0.86,
        sources: [
          { title: "VAT rounding", url: "https://kb.claude.example/finance/vat-rounding" },
          { title: "Postmortem of April: one cent", url: "https://kb.claude.example/postmortems/2026-04" },
        ],
      },
      commit: "Round tax once per rate so that charge and invoice agree",
    },
    {
      title: "Webhook signatures fail behind the new gateway",
      ask: "Since the gateway switch this morning about 3% of payment webhooks are answered with 401. The secret is right, most of them work. Any idea?",
      opening:
        "If most signatures verify, the secret is fine and the bytes differ. I'll look at what is being signed.",
      pattern: "x-signature",
      hits: [
        'src/webhooks/payment.ts:6:  const given = Buffer.from(String(request.header("x-signature")), "hex");',
        'test/webhooks/payment.test.ts:18:      .set("x-signature", sign(body))',
      ],
      file: { path: "src/webhooks/payment.ts", text: webhook },
      plan: [
        "Verify over the raw bytes",
        "Keep the raw body only on the webhook route",
        "Test with a body that does not survive JSON",
      ],
      diagnosis:
        "`verifySignature` signs `JSON.stringify(request.body)`, that is, the body after parsing and serialising it again. That is the same text only as long as the sender formats JSON exactly as Node does. The new gateway passes bodies through untouched, the old one happened to normalise them; amounts like `10.50` come back as `10.5`, and there go your three percent.",
      edits: [
        {
          before:
            '  const payload = JSON.stringify(request.body);\n  const expected = createHmac("sha256", settings.webhookSecret).update(payload).digest();',
          after:
            '  // The sender signed bytes, so bytes are checked: JSON that was parsed and written again is another text.\n  const expected = createHmac("sha256", settings.webhookSecret).update(request.rawBody).digest();',
          say: "The signature has to be checked over the bytes that came in.",
        },
      ],
      check: {
        command: "npx vitest run test/webhooks --reporter=dot",
        failing:
          " FAIL  test/webhooks/payment.test.ts > accepts a body whose numbers have trailing zeros\nAssertionError: expected 401 to be 204",
        passing: " Test Files  1 passed (1)\n      Tests  9 passed (9)\n   Duration  0.71s",
      },
      summary:
        'The webhook verifies the raw bytes now, and the 3% are gone in the replay of this morning\'s log (1,212 of 1,212 accepted).\n\n- `express.json({ verify })` keeps `rawBody`, only on `/webhooks/payment`, so other routes do not hold bodies twice.\n- New test: a body with `"amount": 10.50` and one with escaped unicode.\n\nWorth knowing: the provider retries for 72 hours, so the refused events will arrive again by themselves.',
      questions: [
        [
          "Is there a risk that somebody sends us a huge body there, now that we keep it?",
          "Not a new one: the parser's limit (100 KB on that route) applies before `verify` is called, and the raw buffer is the same memory that the parser read. It lives until the request ends.",
        ],
      ],
      advice: {
        sessionId: "c81e5d90-6a2f-4f17-8b3d-2b9f64d07e31",
        query: "Webhook signatures fail for some requests after a gateway change",
        context: ["language:typescript", "framework:express", "task:bug_fix"],
        response:
          "# Verify signatures over the raw body {#raw-body}\n\nA signature covers bytes. After `JSON.parse` and `JSON.stringify` numbers such as `10.50` and escapes are written differently, so a few per cent of the requests fail.\n\n1. Keep the raw body on the webhook's route only (`express.json({ verify })`).\n2. Compare with `timingSafeEqual`.\n3. Test with a body that does not survive JSON.\n\n| source |\n| --- |\n| https://kb.claude.example/webhooks/signatures |\n",
        confidence: 0.93,
        sources: [],
        opinion: {
          rating: 5,
          comments: "Exactly our case, and the test in step 3 found it at once.",
        },
      },
      commit: "Verify webhook signatures over the bytes that came in",
    },
    {
      title: "Order history gets slow for large customers",
      ask: "The order history page takes 4 seconds for our B2B customers with thousands of orders. Can you make it fast? You can use the staging replica for EXPLAIN.",
      opening:
        "OFFSET pagination and a join that is grouped before the limit would both explain that. Let me see the query.",
      pattern: "orderHistory",
      hits: [
        "src/orders/history.ts:1:export async function orderHistory(db: Db, customerId: string, page: number) {",
        "src/routes/account.ts:58:  const rows = await orderHistory(db, customer.id, page);",
      ],
      file: { path: "src/orders/history.ts", text: history },
      plan: [
        "EXPLAIN the query for a large customer",
        "Take the page first, then count its lines",
        "Page by key instead of OFFSET",
        "Add the index in a migration",
      ],
      diagnosis:
        "The plan shows both problems: all 48,112 orders of the customer are joined and grouped before twenty of them are kept, and deeper pages read everything before them again. There is an index on `customer_id` alone, so the sort happens in memory.",
      edits: [
        {
          before:
            "      WHERE o.customer_id = $1\n      GROUP BY o.id\n      ORDER BY o.placed_at DESC\n      LIMIT 20 OFFSET $2`,\n    [customerId, page * 20],",
          after:
            "      WHERE o.customer_id = $1 AND (o.placed_at, o.id) < ($2, $3)\n      ORDER BY o.placed_at DESC, o.id DESC\n      LIMIT 20`,\n    [customerId, before.placedAt, before.id],",
          say: "I'll page by (placed_at, id), which an index can answer directly.",
        },
      ],
      check: {
        command: 'psql "$STAGING" -c "EXPLAIN (ANALYZE, BUFFERS) EXECUTE history"',
        failing:
          "Limit  (actual time=3911.204..3911.310 rows=20)\n  ->  Sort  (actual time=3911.201..3911.288 rows=20)  Sort Method: external merge  Disk: 18432kB\n        ->  HashAggregate  (actual time=3204.771..3677.905 rows=48112)\nExecution Time: 3918.662 ms",
        passing:
          "Limit  (actual time=0.061..0.402 rows=20)\n  ->  Index Scan using orders_customer_placed_id on orders o  (actual time=0.058..0.391 rows=20)\nExecution Time: 0.447 ms",
      },
      summary:
        "From 3.9 s to 0.4 ms on staging, at every depth.\n\n1. The page is taken first; the line counts come from a lateral join over its twenty rows.\n2. Pages are addressed by `(placed_at, id)` instead of `OFFSET`, so page 500 costs what page 1 costs.\n3. Migration `0042_orders_customer_placed_id.sql` adds the index, `CONCURRENTLY`.\n\n```sql\nCREATE INDEX CONCURRENTLY orders_customer_placed_id\n  ON orders (customer_id, placed_at DESC, id DESC);\n```\n\nLinks to `?page=7` from old mails are still understood: they lead to the first page.",
      questions: [
        [
          "How big does that index get?",
          "About 310 MB at the current 7.4 million orders (42 bytes per entry). The old index on `customer_id` alone can be dropped afterwards, which gives 160 MB back; I left that for a second migration so that the first can be rolled back alone.",
        ],
      ],
      subtask: {
        description: "Find other OFFSET pages",
        prompt:
          "List every query in src/ that pages with OFFSET, with file, line and the table it reads. Say which tables can grow beyond 100,000 rows. Read only.",
        pattern: "OFFSET",
        hits: [
          "src/orders/history.ts:8:      LIMIT 20 OFFSET $2`,",
          "src/admin/audit.ts:27:      LIMIT $2 OFFSET $3`,",
          "src/catalog/search.ts:64:    LIMIT 24 OFFSET $4",
        ],
        report:
          "Three places page with OFFSET: `orders/history.ts:8` (orders, 7.4 M rows), `admin/audit.ts:27` (audit_log, 22 M rows) and `catalog/search.ts:64` (products, 31,000 rows). The first two will hurt; the catalogue is small enough to leave.",
      },
      commit: "Page the order history by key, with an index for it",
    },
  ],
};
