/** The parser inside the package `handlebars`, whose own types cover its main module only. */
declare module "handlebars/dist/cjs/handlebars/compiler/base.js" {
  export interface AstNode {
    loc: { start: { line: number; column: number } };
  }
  export interface AstProgram {
    body: AstStatement[];
    blockParams?: string[];
  }
  export interface AstPath extends AstNode {
    type: "PathExpression";
    data: boolean;
    depth: number;
    parts: string[];
    original: string;
  }
  export interface AstLiteral extends AstNode {
    type: "StringLiteral" | "NumberLiteral" | "BooleanLiteral" | "UndefinedLiteral" | "NullLiteral";
    value?: string | number | boolean | null;
    original?: string | number | boolean | null;
  }
  export interface AstCall extends AstNode {
    path: AstPath | AstLiteral;
    params: AstExpression[];
    hash?: { pairs: { key: string; value: AstExpression }[] };
  }
  export type AstExpression = AstPath | AstLiteral | (AstCall & { type: "SubExpression" });
  export interface AstBlock extends AstCall {
    type: "BlockStatement" | "DecoratorBlock";
    program?: AstProgram;
    inverse?: AstProgram;
    /** Without `open` in a raw block. */
    openStrip: { open?: boolean };
  }
  export interface AstPartial extends AstNode {
    type: "PartialStatement" | "PartialBlockStatement";
    name: AstExpression;
    params: AstExpression[];
    hash?: AstCall["hash"];
    indent?: string;
    program?: AstProgram;
  }
  export type AstStatement =
    | (AstNode & { type: "ContentStatement"; value: string })
    | (AstNode & { type: "CommentStatement" })
    | (AstCall & { type: "MustacheStatement" | "Decorator" })
    | AstBlock
    | AstPartial;

  /** Throws with a message that holds the line. Whitespace control is applied. */
  export function parse(text: string | AstProgram): AstProgram;

  /** Made by jison. `performAction` is called at each reduction; its sixth argument is the stack of values. */
  export const parser: {
    parse(text: string): AstProgram;
    performAction(...args: unknown[]): unknown;
  };
}
