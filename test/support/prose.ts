/** Seeded prose, so that generated conversations and benchmarks are reproducible to the byte. */

/** Numbers in [0, 1) that depend on the seed alone (xorshift, after scattering neighbouring seeds). */
export function random(seed: number): () => number {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ (seed >>> 13) || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
  for (let i = 0; i < 8; i++) next();
  return next;
}

const COMMON =
  "the a of to in is that it for on with as this be are from or at by not we have an which if can will has all one was when there but what so function const return value test file line error path string number array object index result default import export async await promise".split(
    " ",
  );
const ONSETS = "b br c ch cl d dr f fl g gr h k l m n p pl pr qu r s sh sl st t th tr v w z".split(" ");
const RIMES =
  "able ack ain all and ange ate ean eck edge ell ence end er est ice ide ight ine ing ion ist ock old ome one ore ound ow ump ure".split(
    " ",
  );
/** About 2,000 words, the frequent ones first. */
const WORDS = [
  ...COMMON,
  ...ONSETS.flatMap((onset) => RIMES.map((rime) => onset + rime)),
  ...RIMES.flatMap((first) => RIMES.map((second) => first + second)),
];

/** Exactly `length` characters of sentences, now and then a line of code, some of it beyond ASCII. */
export function prose(seed: number, part: number, length: number): string {
  const next = random(seed * 1_000_003 + part);
  let text = "";
  while (text.length < length) {
    const words = Array.from({ length: 4 + Math.floor(next() * 12) }, () => word(next));
    text +=
      next() < 0.15
        ? `  const ${words[0]} = ${words[1]}("${words[2]}", ${Math.floor(next() * 10_000)});\n`
        : `${words[0]!.charAt(0).toUpperCase()}${words.join(" ").slice(1)}${next() < 0.05 ? " – naïve" : ""}. `;
  }
  return text.slice(0, length);
}

/** The square makes frequent words frequent, roughly as in language. */
function word(next: () => number): string {
  return WORDS[Math.floor(next() ** 2 * WORDS.length)]!;
}
