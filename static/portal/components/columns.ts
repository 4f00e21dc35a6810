/** A column of DataTable. */
export interface Column {
  key: string;
  title: string;
  right?: boolean;
  width?: string;
  /** Cannot be hidden. */
  fixed?: boolean;
}
