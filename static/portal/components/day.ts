/** Days of the site: midnight in the site's time zone as a moment. */
import { timeFull } from '@shared/format';

/** Milliseconds of the site's midnight before `at_ms`. */
export function dayStartMs(at_ms: number): number {
  const [hour = 0, minute = 0, second = 0] = timeFull(new Date(at_ms).toISOString()).slice(11).split(':').map(Number);
  return at_ms - ((hour * 60 + minute) * 60 + second) * 1000 - (at_ms % 1000);
}
