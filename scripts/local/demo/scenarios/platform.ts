/** A platform team's services: Go, Terraform, Kubernetes. */
import type { Project } from "./scenario.ts";

const server = `package main

import (
	"context"
	"net/http"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()

	srv := &http.Server{Addr: ":8080", Handler: routes()}
	go srv.ListenAndServe()

	<-ctx.Done()
	srv.Close()
}
`;

const limiter = `package limit

import "time"

// Bucket lets Rate requests per second through, and bursts up to Size.
type Bucket struct {
	Rate, Size float64
	tokens     float64
	last       time.Time
}

func (b *Bucket) Allow(now time.Time) bool {
	elapsed := now.Sub(b.last).Seconds()
	b.tokens += elapsed * b.Rate
	b.last = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
`;

const lease = `func TestLeaseRenewal(t *testing.T) {
	store := newStore(t)
	lease, err := store.Acquire("deploy", 200*time.Millisecond)
	require.NoError(t, err)

	go lease.KeepAlive()
	time.Sleep(300 * time.Millisecond)

	_, err = store.Acquire("deploy", time.Second)
	require.ErrorIs(t, err, ErrHeld)
}
`;

const bucketTf = `resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    id     = "expire"
    status = "Enabled"

    expiration {
      days = 90
    }
  }
}
`;

export const platform: Project = {
  name: "platform",
  about: "deployment tooling and shared services of the platform team (Go, Terraform)",
  language: "go",
  test: "go test ./...",
  green:
    "ok  \tgithub.com/acme/platform/internal/limit\t0.214s\nok  \tgithub.com/acme/platform/internal/lease\t1.902s\nok  \tgithub.com/acme/platform/cmd/gateway\t0.377s",
  instructions:
    "# Platform\n\n- Go 1.25, standard library first.\n- `terraform plan` output belongs in the pull request.\n- Nothing is applied from a laptop; CI applies after review.\n- Tests must not depend on wall-clock sleeps.",
  symbols: [
    {
      name: "Bucket.Allow",
      path: "internal/limit/bucket.go",
      text: limiter,
      purpose: "decides whether one more request may pass",
    },
    {
      name: "main",
      path: "cmd/gateway/main.go",
      text: server,
      purpose: "starts the gateway and stops it on SIGTERM",
    },
    {
      name: "TestLeaseRenewal",
      path: "internal/lease/lease_test.go",
      text: lease,
      purpose: "proves that a lease is kept alive while its holder works",
    },
    {
      name: "aws_s3_bucket_lifecycle_configuration.logs",
      path: "terraform/logs.tf",
      text: bucketTf,
      purpose: "expires access logs after 90 days",
    },
  ],
  tasks: [
    {
      title: "Dropped requests during gateway deploys",
      ask: "Every gateway deploy gives us a burst of 502s, about 40 requests per pod. Can you check how we shut down?",
      opening:
        "That sounds like connections being cut while requests are still running. I'll read the entry point and the deployment manifest.",
      pattern: "SIGTERM|terminationGracePeriod|preStop",
      hits: [
        "cmd/gateway/main.go:11:\tctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)",
        "deploy/gateway.yaml:38:      terminationGracePeriodSeconds: 30",
      ],
      file: { path: "cmd/gateway/main.go", text: server },
      plan: [
        "Let running requests finish on SIGTERM",
        "Fail readiness before closing the listener",
        "Show it with a test that deploys under load",
      ],
      diagnosis:
        "Two things together:\n\n1. `srv.Close()` cuts every open connection at once; `Shutdown` would let running requests end.\n2. The pod stays in the endpoints list for a few seconds after SIGTERM, so new requests still arrive at a listener that is gone.",
      edits: [
        {
          before: "\t<-ctx.Done()\n\tsrv.Close()",
          after:
            '\t<-ctx.Done()\n\t// Endpoints are updated with some delay: say "not ready" first, then stop listening.\n\tready.Store(false)\n\ttime.Sleep(drainDelay)\n\tshutdown, cancel := context.WithTimeout(context.Background(), 20*time.Second)\n\tdefer cancel()\n\tif err := srv.Shutdown(shutdown); err != nil {\n\t\tslog.Error("requests were still running", "err", err)\n\t}',
          say: "Readiness goes first, then a graceful shutdown with a deadline below the grace period.",
        },
      ],
      check: {
        command: "go test ./cmd/gateway -run TestDrain -count=1",
        failing:
          "--- FAIL: TestDrain (2.31s)\n    drain_test.go:47: 38 of 400 requests failed during shutdown\nFAIL\tgithub.com/acme/platform/cmd/gateway\t2.340s",
        passing: "ok  \tgithub.com/acme/platform/cmd/gateway\t5.612s",
      },
      summary:
        "No request is lost any more in the drain test (400 of 400, five runs).\n\nOn SIGTERM the gateway now\n\n1. answers `/readyz` with 503,\n2. waits 5 s (`drainDelay`) so that the endpoints list catches up,\n3. calls `Shutdown` with a deadline of 20 s.\n\n5 + 20 s stays below the grace period of 30 s. A deploy therefore takes about five seconds longer per pod.",
      questions: [
        [
          "Why not a preStop hook with sleep instead of code?",
          "It would work for the second half, and it is what many charts do. I preferred code for two reasons: the readiness answer changes at the same moment, which a hook cannot do, and the test exercises the very path that runs in production. If you would rather keep the binary unaware of Kubernetes, `preStop: sleep 5` plus `Shutdown` is equivalent for this fault.",
        ],
      ],
      subtask: {
        description: "Check other services' shutdown",
        prompt:
          "Look at every main.go under cmd/ and report how each service stops: Close, Shutdown or nothing, and whether readiness changes first. One line per service. Do not edit.",
        pattern: "srv\\.(Close|Shutdown)",
        hits: [
          "cmd/gateway/main.go:19:\tsrv.Close()",
          "cmd/hooks/main.go:44:\tsrv.Shutdown(ctx)",
          "cmd/registry/main.go:51:\tsrv.Close()",
        ],
        report:
          "- `cmd/gateway`: Close, readiness unchanged.\n- `cmd/hooks`: Shutdown with the request context, which is already cancelled, so it behaves like Close.\n- `cmd/registry`: Close, readiness unchanged.\n\nAll three need the same change; a small `internal/drain` package would serve them.",
      },
      commit: "Drain the gateway before it stops listening",
    },
    {
      title: "Terraform wants to change log retention every time",
      ask: "terraform plan shows a diff on the logs bucket lifecycle on every run although nothing changed. Could you find out why? plan output is in /tmp/plan.txt",
      opening:
        "A permanent diff usually means the provider fills in something that the configuration leaves open. I'll compare the plan with the resource.",
      pattern: "lifecycle_configuration",
      hits: [
        'terraform/logs.tf:1:resource "aws_s3_bucket_lifecycle_configuration" "logs" {',
        'terraform/artifacts.tf:14:resource "aws_s3_bucket_lifecycle_configuration" "artifacts" {',
      ],
      file: { path: "terraform/logs.tf", text: bucketTf },
      plan: ["Compare state and configuration", "Write the missing filter down", "Plan again"],
      diagnosis:
        "The rule has no `filter`. The API stores an empty prefix filter for it, the provider reads that back, and the configuration does not mention it: hence a diff on each plan. `artifacts.tf` has an explicit `filter {}` and is quiet.",
      edits: [
        {
          before: '    status = "Enabled"\n',
          after:
            '    status = "Enabled"\n\n    # Said explicitly: the API stores an empty filter, and a rule without one differs on every plan.\n    filter {}\n',
          say: "I'll say explicitly that the rule holds for the whole bucket.",
        },
      ],
      check: {
        command: "terraform -chdir=terraform plan -lock=false -detailed-exitcode | tail -3",
        failing:
          "  # aws_s3_bucket_lifecycle_configuration.logs will be updated in-place\nPlan: 0 to add, 1 to change, 0 to destroy.",
        passing: "No changes. Your infrastructure matches the configuration.",
      },
      summary:
        '`terraform plan` is clean.\n\nThe lifecycle rule now has an explicit `filter {}`, which is what the API had stored all along. Nothing changes in the bucket: logs still expire after 90 days.\n\n```hcl\nrule {\n  id     = "expire"\n  status = "Enabled"\n\n  filter {}\n\n  expiration {\n    days = 90\n  }\n}\n```',
      commit: "Say that the log retention holds for the whole bucket",
    },
    {
      title: "Rate limiter lets bursts through after idle time",
      ask: "After a quiet night the first client in the morning gets thousands of requests through the limiter although Size is 50. Please check Bucket.",
      opening: "That would happen if the bucket fills without an upper bound. Let me read it.",
      pattern: "type Bucket",
      hits: ["internal/limit/bucket.go:6:type Bucket struct {"],
      file: { path: "internal/limit/bucket.go", text: limiter },
      plan: [
        "Write the idle night down as a test",
        "Cap the tokens at Size",
        "Guard against clocks that go backwards",
      ],
      diagnosis:
        "`tokens` grows with the elapsed time and is never capped at `Size`: ten idle hours at 20 per second are 720,000 tokens. On top of that a clock that jumps backwards makes `elapsed` negative and takes tokens away.",
      edits: [
        {
          before: "\telapsed := now.Sub(b.last).Seconds()\n\tb.tokens += elapsed * b.Rate\n\tb.last = now",
          after:
            "\tif elapsed := now.Sub(b.last).Seconds(); elapsed > 0 {\n\t\tb.tokens = min(b.Size, b.tokens+elapsed*b.Rate)\n\t\tb.last = now\n\t}",
          say: "The fill is capped at Size and only counts time that went forwards.",
        },
      ],
      check: {
        command: "go test ./internal/limit -count=1",
        failing:
          "--- FAIL: TestIdleNightIsOneBurst (0.00s)\n    bucket_test.go:31: let 720000 requests through, want 50\nFAIL\tgithub.com/acme/platform/internal/limit\t0.009s",
        passing: "ok  \tgithub.com/acme/platform/internal/limit\t0.011s",
      },
      summary:
        "After any idle time exactly `Size` requests pass at once, then `Rate` per second.\n\n```go\nif elapsed := now.Sub(b.last).Seconds(); elapsed > 0 {\n\tb.tokens = min(b.Size, b.tokens+elapsed*b.Rate)\n\tb.last = now\n}\n```\n\nTwo tests are new: the idle night (720,000 before, 50 now) and a clock that goes back by an hour.",
      questions: [
        [
          "Is Bucket safe for concurrent use?",
          "No, and it was not before: `Allow` reads and writes three fields without a lock. All callers go through `limit.Registry`, which holds a mutex per key, so it is correct today. I would say so in the type's comment rather than add a second lock.",
        ],
        [
          "ok. what would a sliding window cost us instead?",
          "Memory, mostly. A token bucket is 40 bytes per client; a sliding log keeps one timestamp per request in the window, so at 20 per second and a minute's window about 10 KB per client. A sliding *counter* (two buckets, weighted) is 48 bytes and within a few percent of exact. For \"no more than N per minute\" promises I'd take the counter, for smoothing bursts the token bucket is the better fit.",
        ],
      ],
      commit: "Cap the rate limiter's bucket at its size",
    },
    {
      title: "Flaky TestLeaseRenewal",
      ask: "TestLeaseRenewal fails in CI about once a day. Can you make it deterministic?",
      opening:
        "A test with a 200 ms lease and a 300 ms sleep depends on the machine being awake. I'll look at it.",
      pattern: "time\\.Sleep",
      hits: [
        "internal/lease/lease_test.go:7:\ttime.Sleep(300 * time.Millisecond)",
        "internal/lease/keepalive.go:24:\t\ttime.Sleep(l.ttl / 2)",
      ],
      file: { path: "internal/lease/lease_test.go", text: lease },
      plan: ["Give the store a clock", "Drive the test by that clock", "Run it a thousand times"],
      diagnosis:
        "`KeepAlive` renews after half the lease, 100 ms. On a busy runner the goroutine is late by more than the remaining 100 ms and the lease is lost: the test then fails although the code is right.",
      edits: [
        {
          before: "\tgo lease.KeepAlive()\n\ttime.Sleep(300 * time.Millisecond)\n",
          after:
            "\tgo lease.KeepAlive()\n\tfor range 3 {\n\t\tclock.Advance(100 * time.Millisecond)\n\t\tclock.WaitForTimers(1)\n\t}\n",
          say: "The test moves a fake clock and waits until the renewal has been scheduled again.",
        },
      ],
      check: {
        command: "go test ./internal/lease -run TestLeaseRenewal -count=1000 -cpu 1,4",
        failing:
          '--- FAIL: TestLeaseRenewal (0.41s)\n    lease_test.go:12: Target error should be in err chain: expected "lease is held", in chain: <nil>\nFAIL\tgithub.com/acme/platform/internal/lease\t318.442s (7 of 1000)',
        passing: "ok  \tgithub.com/acme/platform/internal/lease\t2.118s",
      },
      summary:
        "1,000 runs on one and on four CPUs: no failure, and 2 s instead of 5 minutes.\n\nThe store takes a `Clock` now (real by default), and the test advances a fake one. No production behaviour changed apart from `KeepAlive` using a timer instead of `time.Sleep`, which also lets it stop at once when the lease is released.",
      commit: "Drive the lease test by a clock instead of sleeping",
    },
  ],
};
