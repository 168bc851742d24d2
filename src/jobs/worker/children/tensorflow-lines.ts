/** Lines that TensorFlow and its libraries print in every healthy process, most of them while they are loaded. */
const INFORMATION: readonly RegExp[] = [
  // absl and glog: the letter is the severity, I for information, W for a warning.
  /^[IW]\d{4} \d{2}:\d{2}:\d+\.\d+\s+\d+ /,
  // TensorFlow's own form: 2026-11-21 13:57:08.994000: I tensorflow/core/...
  /^\d{4}-\d{2}-\d{2} [\d:.]+: [IW] /,
  /^WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR/,
  /^To enable the following instructions: .* rebuild TensorFlow with the appropriate compiler flags\.$/,
  // A second registration of a CUDA library is reported as an error, and harmless.
  /^(E\d{4} |\d{4}-\d{2}-\d{2} [\d:.]+: E ).*Unable to register cu(DNN|FFT|BLAS) factory/,
];

/** Whether a line says nothing about why a process ended. */
export function isInformation(text: string): boolean {
  return INFORMATION.some((pattern) => pattern.test(text));
}
