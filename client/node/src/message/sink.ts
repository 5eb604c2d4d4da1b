// A buffer that a message is written into, in the wire format of Protocol Buffers.
const TWO_32 = 2 ** 32;

/** Grows as it is written to. Positions stay good, `bytes` does not. */
export class Sink {
  bytes: Buffer;
  at = 0;

  constructor(capacity = 1024) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** Makes room for so many more bytes. */
  reserve(count: number): void {
    const wanted = this.at + count;
    if (wanted <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }

  /** A number from 0 to 2^53 - 1. Room for ten bytes must be there. */
  varint(value: number): void {
    const { bytes } = this;
    let rest = value;
    // Past 32 bits, operators of bits would lose some.
    while (rest >= TWO_32) {
      bytes[this.at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      bytes[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[this.at++] = rest;
  }

  /** An int32 or int64; negative ones take ten bytes. */
  int(value: number): void {
    this.reserve(10);
    if (value >= 0) {
      this.varint(value);
    } else {
      this.bigint(BigInt(value));
    }
  }

  bigint(value: bigint): void {
    this.reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      this.bytes[this.at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.at++] = Number(rest);
  }

  double(value: number): void {
    this.reserve(8);
    this.at = this.bytes.writeDoubleLE(value, this.at);
  }

  /**
   * A text behind its length. Answers the number of its bytes, or -1, and has written nothing, when
   * it has half of a surrogate pair.
   */
  text(value: string): number {
    const { length } = value;
    this.reserve(length * 3 + 5);
    const { bytes } = this;
    if (length < 48) {
      // Most text is short and ASCII; a loop is faster there than a call of the runtime.
      let at = this.at;
      bytes[at++] = length;
      let i = 0;
      for (; i < length; i++) {
        const unit = value.charCodeAt(i);
        if (unit > 0x7f) break;
        bytes[at++] = unit;
      }
      if (i === length) {
        this.at = at;
        return length;
      }
    }
    if (!value.isWellFormed()) return -1;
    const start = this.begin();
    this.at += bytes.write(value, this.at, "utf8");
    return this.end(start);
  }

  /** Begins something of a length that is known at its end. */
  begin(): number {
    this.reserve(1);
    return ++this.at;
  }

  /** Ends what began at `start`, and answers its length. */
  end(start: number): number {
    const length = this.at - start;
    if (length < 0x80) {
      this.bytes[start - 1] = length;
      return length;
    }
    const more = length < 1 << 14 ? 1 : length < 1 << 21 ? 2 : length < 1 << 28 ? 3 : 4;
    this.reserve(more);
    this.bytes.copyWithin(start + more, start, start + length);
    this.at = start - 1;
    this.varint(length);
    this.at = start + more + length;
    return length;
  }

  /** A copy of what was written from `start` on. */
  slice(start = 0): Buffer {
    return Buffer.from(this.bytes.subarray(start, this.at));
  }
}
