import { expect, it } from "vitest";
import { acceptsEncoding, negotiateEncoding, upstreamAcceptEncoding } from "./content-coding.ts";

it.each<
  [
    coding: string | null,
    length: string | null,
    accepted: string | null,
    passed: number | null,
    stored: string,
  ]
>([
  [null, "10", null, 10, "identity"],
  [null, null, "gzip", null, "identity"],
  [null, "10, 10", null, null, "identity"],
  ["", "10", null, 10, "identity"],
  ["identity", "10", "gzip", 10, "identity"],
  // The runtime has decoded these, and codes them again.
  ["gzip", "10", "br, gzip", null, "identity"],
  ["br", "10", "*", null, "identity"],
  // These it passes on.
  ["zstd", "10", "gzip, zstd", 10, "zstd"],
  ["ZSTD", "10", "zstd", 10, "zstd"],
  ["x-gzip", "10", "gzip", 10, "x-gzip"],
  ["GZIP", "10", "gzip", 10, "gzip"],
  ["gzip, br", "10", "br, gzip", 10, "gzip, br"],
  ["unheard-of", "10", "unheard-of", 10, "unheard-of"],
  ["zstd", "10", "*;q=0.1", 10, "zstd"],
])(
  "a response that the client gets as upstream coded it is %j of length %s to %j",
  (coding, length, accepted, passed, storedEncoding) => {
    expect(negotiateEncoding(coding, length, accepted)).toEqual({
      contentEncoding: coding,
      isDecoded: false,
      undone: [],
      length: passed,
      storedEncoding,
    });
  },
);

it.each<[coding: string, accepted: string | null, undone: string[]]>([
  ["gzip", "br", []],
  ["br", null, []],
  ["br", "", []],
  ["gzip", "*, gzip;q=0", []],
  ["zstd", null, ["zstd"]],
  ["zstd", "identity", ["zstd"]],
  ["zstd", "gzip, zstd;q=0", ["zstd"]],
  ["deflate", "gzip", ["deflate"]],
  ["x-gzip", "br", ["gzip"]],
  ["GZip", "br", ["gzip"]],
  ["gzip, br", "gzip", ["br", "gzip"]],
  [" deflate ,, identity, zstd", "gzip", ["zstd", "deflate"]],
])(
  "a response in a coding that the client does not accept %j to %j is decoded",
  (coding, accepted, undone) => {
    expect(negotiateEncoding(coding, "10", accepted)).toEqual({
      contentEncoding: null,
      isDecoded: true,
      undone,
      length: null,
      storedEncoding: "identity",
    });
  },
);

it.each([
  ["unheard-of", null],
  ["compress", "gzip"],
  ["gzip, unheard-of", "gzip"],
  ["__proto__", null],
  ["gzip,".repeat(5), null],
  ["zstd,".repeat(100_000), null],
])(
  "a response in a coding that the client does not accept and that cannot be decoded is reported: %.20s to %j",
  (coding, accepted) => {
    expect(negotiateEncoding(coding, "10", accepted)).toBeNull();
  },
);

it.each<[coding: string | null, accepted: string, contentEncoding: string | null]>([
  [null, "gzip, identity;q=0", "gzip"],
  [null, "br;q=1, *;q=0", "br"],
  [null, "zstd, *;q=0", null],
  [null, "*;q=0", null],
  [null, "gzip, identity;q=0.1, *;q=0", null],
  [null, "gzip, identity; q=0.000", "gzip"],
  ["deflate", "gzip, identity;q=0", "gzip"],
  ["gzip", "br, identity;q=0", "br"],
])(
  "a client that refuses a body without coding gets %j under %j as %j",
  (coding, accepted, contentEncoding) => {
    expect(negotiateEncoding(coding, "10", accepted)).toMatchObject({
      contentEncoding,
      length: coding === null && contentEncoding === null ? 10 : null,
      storedEncoding: "identity",
    });
  },
);

it.each([
  [null, "identity"],
  ["gzip, deflate, br, zstd", "identity"],
  ["gzip;q=1.0, identity;q=0.5", "identity"],
  ["*;q=0, identity", "identity"],
  ["gzip, identity;q=0", "gzip, identity;q=0"],
  ["zstd, *;q=0", "zstd, *;q=0"],
])(
  "a client that refuses a body without coding asks upstream for its own codings: %j as %j",
  (client, upstream) => {
    expect(upstreamAcceptEncoding(client)).toBe(upstream);
  },
);

it.each([
  ["gzip", true],
  ["GZIP", true],
  ["x-gzip", true],
  ["br, gzip;q=0.5", true],
  ["*", true],
  ["br;q=1, *;q=0.1", true],
  ["gzip;q=0", false],
  ["gzip; q=0.000", false],
  ["*, gzip;q=0", false],
  ["*;q=0", false],
  ["br", false],
  ["identity", false],
  ["xgzip", false],
  ["", false],
  [null, false],
])("acceptsEncoding reads %j as %s for gzip", (header, accepts) => {
  expect(acceptsEncoding(header, "gzip")).toBe(accepts);
});
