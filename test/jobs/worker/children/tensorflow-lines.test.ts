import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInformation } from '../../../../src/jobs/worker/children/tensorflow-lines.js';

// Lines recorded of TensorFlow 2.21.0 and earlier versions.
const INFORMATION = [
  'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR',
  'I0000 00:00:1795933814.809024   24862 cpu_feature_guard.cc:227] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations.',
  'To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with the appropriate compiler flags.',
  'W0000 00:00:1795934622.488645    7759 op_kernel.cc:1858] OP_REQUIRES failed at mkl_fused_batch_norm_op.cc:1191 : ABORTED',
  '2026-11-21 13:57:08.994000: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on.',
  'E0000 00:00:1795933814.809024   24862 cuda_dnn.cc:8579] Unable to register cuDNN factory: Attempting to register factory for plugin cuDNN when one has already been registered',
];
const CAUSES = [
  'F0000 00:00:1795933814.809024   24862 tensor.cc:852] Check failed: dtype() == expected_dtype (1 vs. 3)',
  'E0000 00:00:1795933814.809024   24862 cuda_driver.cc:1000] failed call to cuInit: CUDA_ERROR_NO_DEVICE',
  '2026-11-21 13:57:08.994000: F tensorflow/core/framework/tensor.cc:852] Check failed',
  'terminate called after throwing an instance of std::bad_alloc',
  'Error: out of memory',
];

test('lines that every healthy process prints are no reason for its end; errors and fatal lines are', () => {
  assert.deepEqual(
    INFORMATION.filter((line) => !isInformation(line)),
    [],
  );
  assert.deepEqual(CAUSES.filter(isInformation), []);
});
