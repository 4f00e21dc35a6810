/** A first password that can be read out over the telephone: letters and digits that are not taken for others. */
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
const group_length = 4;
const groups = 4;

export function passwordMake(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(group_length * groups));
  // 32 letters: each of 256 values falls on a letter equally often.
  const letters = [...bytes].map((byte) => alphabet[byte % alphabet.length]);
  const parts: string[] = [];
  for (let n = 0; n < groups; n += 1) parts.push(letters.slice(n * group_length, (n + 1) * group_length).join(''));
  return parts.join('-');
}
