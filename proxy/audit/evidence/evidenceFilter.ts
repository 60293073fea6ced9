/** Which events a bundle is asked for: all that is given must match. */

export interface EvidenceFilter {
  /** RFC 3339, inclusive. */
  readonly from?: string;
  /** RFC 3339, exclusive. */
  readonly to?: string;
  /** Subject or e-mail address. */
  readonly identity?: string;
  readonly connection?: string;
  readonly relation?: string;
  readonly decision?: string;
  readonly agent?: string;
}
