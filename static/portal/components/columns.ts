/** A column of DataTable. */
export interface Column {
  key: string;
  title: string;
  right?: boolean;
  width?: string;
  /** Heads the card that a row becomes on a phone. */
  heads?: boolean;
  /** Left out of the card that a row becomes on a phone. */
  wide_only?: boolean;
  /** Cannot be hidden. */
  fixed?: boolean;
}
