import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that goes with the test. */
export function temporaryFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), "emptychair-node-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
