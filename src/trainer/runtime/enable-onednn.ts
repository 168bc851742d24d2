/**
 * Import this module before the library is loaded, which reads the variable then, for this effect only. Without AVX-512 VNNI or
 * AMX, TensorFlow would leave oneDNN off and take 1.4 to 1.6 times as long a step (docs/performance.md).
 */
if (process.arch === 'x64') process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';
