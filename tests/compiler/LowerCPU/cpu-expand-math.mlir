// RUN: muntin-opt %s -split-input-file -cpu-expand-math | FileCheck %s

// No call of a library, and no operation of math but the multiply-add, remains on vectors.

// CHECK-LABEL: @exp2
// CHECK-NOT: math.exp2
// CHECK: math.fma {{.*}} : vector<8xf32>
// CHECK-NOT: math.exp2
// CHECK: return
func.func @exp2(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.exp2 %x : vector<8xf32>
  return %y : vector<8xf32>
}

// CHECK-LABEL: @log2
// CHECK-NOT: math.log2
// CHECK: math.fma {{.*}} : vector<8xf32>
// CHECK-NOT: math.log2
// CHECK: return
func.func @log2(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.log2 %x : vector<8xf32>
  return %y : vector<8xf32>
}

// -----

// AVX-512 has instructions for both halves; its largest fraction is 1, not 1/2, where the result becomes bf16.

module attributes {cpu.avx512} {
// CHECK-LABEL: @exp2_avx512
// CHECK-SAME: (%[[X:.*]]: vector<16xf32>)
// CHECK: %[[F:.*]] = llvm.call_intrinsic "llvm.x86.avx512.mask.reduce.ps.512"(%[[X]]
// CHECK: %[[W:.*]] = arith.subf %[[X]], %[[F]]
// CHECK-COUNT-5: math.fma
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"({{.*}}, %[[W]]
func.func @exp2_avx512(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.exp2 %x : vector<16xf32>
  return %y : vector<16xf32>
}

// CHECK-LABEL: @rough_exp2_avx512
// CHECK-SAME: (%[[X:.*]]: vector<16xf32>)
// CHECK: "llvm.x86.avx512.mask.reduce.ps.512"(%[[X]]
// CHECK-NOT: arith.subf
// CHECK-COUNT-3: math.fma
// CHECK-NOT: math.fma
// CHECK: "llvm.x86.avx512.mask.scalef.ps.512"({{.*}}, %[[X]]
func.func @rough_exp2_avx512(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.exp2 %x fastmath<afn> : vector<16xf32>
  return %y : vector<16xf32>
}
}
