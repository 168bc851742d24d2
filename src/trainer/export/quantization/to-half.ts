const MANTISSA_BITS = 10;
const SMALLEST_NORMAL_EXPONENT = -14;
const LARGEST = 65_504;

/** float32 to the nearest float16, ties to even; beyond 65,504 the largest. As 16-bit words. */
export function toHalf(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, (value) => {
    const magnitude = Math.min(Math.abs(value), LARGEST);
    const exponent = Math.max(Math.floor(Math.log2(magnitude)), SMALLEST_NORMAL_EXPONENT);
    const unit = 2 ** (exponent - MANTISSA_BITS);
    // Units of a subnormal number begin at 0, of a normal one at 1024. A carry into the exponent adds up as it should.
    const units = roundToEven(magnitude / unit);
    const bits = ((exponent - SMALLEST_NORMAL_EXPONENT) << MANTISSA_BITS) + units;
    return (value < 0 ? 0x8000 : 0) | bits;
  });
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
