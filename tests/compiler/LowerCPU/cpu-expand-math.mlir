// RUN: muntin-opt %s -cpu-expand-math | FileCheck %s

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
