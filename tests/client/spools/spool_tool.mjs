// Writes, reads and holds spools as the Node client does, for spools.py, which says how. The
// package is in the folder that NODE_CLIENT names.
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { Spool } = await import(
  pathToFileURL(join(process.env.NODE_CLIENT, "dist/writer/spool.js")).href
);

const commands = {
  write(directory, answered, ...records) {
    const spool = new Spool(directory, "INTERVAL");
    for (const record of records) spool.append(Buffer.from(record, "hex"));
    spool.acknowledge(Number(answered));
    spool.close();
  },

  read(...directories) {
    for (const directory of directories) {
      let spool;
      try {
        spool = new Spool(directory, "INTERVAL");
      } catch (error) {
        console.log(`ERROR ${error.code}`);
        continue;
      }
      let line = `torn ${spool.tornRecords} next ${spool.nextNumber}`;
      for (let next = spool.read(); next !== undefined; next = spool.read()) {
        line += ` ${next.number}:${next.record.toString("hex")}`;
      }
      console.log(line);
      spool.close();
    }
  },

  hold(directory) {
    const spool = new Spool(directory, "INTERVAL");
    console.log("held");
    process.stdin.on("end", () => spool.close()).resume();
  },
};

const [command, ...args] = process.argv.slice(2);
commands[command](...args);
