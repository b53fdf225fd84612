/** Addresses of the built files. The build writes the manifest; tests and the first request of a bare checkout do without. */

export interface Assets {
  style: string;
  script: string;
  /** The font file most pages need, fetched ahead of the style sheet that names it. */
  font: string;
}
