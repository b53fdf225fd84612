/**
 * Masks what identifies a person in texts that leave the deployment: e-mail addresses, telephone numbers, card numbers, IBANs and US social
 * security numbers. Names are not masked: no pattern separates them from other words. The archive keeps all of these.
 */

import { notAfter } from "./secret-patterns.ts";

type Check = (match: string, offset: number, text: string) => boolean;
/** Where a number begins. */
const START = notAfter("\\w.-");
const PATTERNS: readonly (readonly [RegExp, string, Check])[] = [
  [
    /(?:(?<![\w.+%-])(?!(?<=\\)[nrt]\w)|(?<=\\[nrt]))[\w.+%-]{1,64}(?:@|%40)(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![\w-])/g,
    "[e-mail]",
    // Addresses of documentation (RFC 2606), of programs, and the user of a git remote.
    (match) => !/(?:@|%40|\.)example(?:\.(?:com|org|net))?$|^git@|^(?:no-?reply|user)@/i.test(match),
  ],
  [
    new RegExp(`${notAfter("\\w")}[A-Z]{2}\\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\\w)`, "g"),
    "[IBAN]",
    isIban,
  ],
  [
    new RegExp(
      `${START}(?:(?:\\d{4}[ -]?){3}\\d{3,4}(?:\\d{3})?(?![\\w.-]?\\d)|3[47]\\d{2}[ -]?\\d{6}[ -]?\\d{5}(?![\\w-]))`,
      "g",
    ),
    "[card]",
    isCard,
  ],
  [
    new RegExp(`${START}(?!000|666|9)\\d{3}-\\d{2}-\\d{4}(?![\\w-])`, "g"),
    "[social security number]",
    () => true,
  ],
  [
    new RegExp(
      `${notAfter("\\w.+")}\\+[1-9]\\d{0,2}(?:[ .-]?\\(\\d{1,4}\\))?(?:[ .-]?\\d{2,5}){2,5}(?![\\w-])`,
      "g",
    ),
    "[phone]",
    (match, offset, text) =>
      hasDigits(match, 8, 15) &&
      // A number in a diff.
      (/[ .(-]/.test(match) || !/(?:^|\n|\\[nr])$/.test(text.slice(Math.max(0, offset - 2), offset))),
  ],
  [
    new RegExp(`${START}(?:\\(\\d{3}\\) ?|\\d{3}[-.])\\d{3}[-.]\\d{4}(?![\\w.-])`, "g"),
    "[phone]",
    () => true,
  ],
  [
    new RegExp(`${START}0\\d{2,4}[ /-]\\d{3,4}[ -]?\\d{3,5}(?![\\w.-])`, "g"),
    "[phone]",
    (match) => hasDigits(match, 9, 12),
  ],
];

/** The text with personal data replaced by its kind. Linear in its length. */
export function maskPersonalData(text: string): string {
  if (!/[@\d]/.test(text)) return text;
  let masked = text;
  for (const [pattern, kind, isReal] of PATTERNS)
    masked = masked.replace(pattern, (match: string, offset: number, whole: string) =>
      isReal(match, offset, whole) ? kind : match,
    );
  return masked;
}

function hasDigits(text: string, least: number, most: number): boolean {
  const { length } = text.replace(/\D/g, "");
  return length >= least && length <= most;
}

/** By the check digits of ISO 13616. */
function isIban(text: string): boolean {
  const plain = text.replaceAll(" ", "");
  if (plain.length < 15 || plain.length > 34) return false;
  let rest = 0;
  for (const character of plain.slice(4) + plain.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/** By the first digits of the large networks, and the check digit of ISO 7812. */
function isCard(text: string): boolean {
  const digits = text.replace(/\D/g, "");
  if (
    !/^(?:4\d{15}|4\d{18}|5[1-5]\d{14}|2[2-7]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|35\d{14})$/.test(digits)
  )
    return false;
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = Number(digits[digits.length - 1 - at]);
    const doubled = at % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
