// Finds the name that was meant.

/** The one of `names` that takes the fewest changes of a letter to become `name`. */
export function nearest(name: string, names: readonly string[]): string {
  let best = names[0] ?? "";
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of names) {
    const count = changes(name.toLowerCase(), candidate.toLowerCase());
    if (count < least) {
      best = candidate;
      least = count;
    }
  }
  return best;
}

// Letters that are put in, taken out, replaced or swapped with the next (Damerau and Levenshtein).
function changes(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1];
      let count = Math.min(
        rows[i - 1]![j]! + 1,
        row[j - 1]! + 1,
        rows[i - 1]![j - 1]! + (isSame ? 0 : 1),
      );
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        count = Math.min(count, rows[i - 2]![j - 2]! + 1);
      }
      row.push(count);
    }
    rows.push(row);
  }
  return rows[from.length]![to.length]!;
}
