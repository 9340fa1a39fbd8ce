// RUN: muntin-opt %s -split-input-file -verify-diagnostics

// ring_c1
func.func @f(%k: !tile.tensor<1, 8, f32>, %keys: !tile.box<1>) {
  // expected-error @+1 {{expected as many copies as awaits and releases, got 1, 1 and 0}}
  %Ks = tile.ring : !tile.ring<!tile.tile<16x8xf32>>
  tile.copy %k at %keys to %Ks : !tile.tensor<1, 8, f32>, !tile.box<1>, !tile.ring<!tile.tile<16x8xf32>>
  %K = tile.await %Ks : !tile.ring<!tile.tile<16x8xf32>> -> !tile.tile<16x8xf32>
  return
}

// -----

// ring_c2
func.func @f(%k: !tile.tensor<1, 8, f32>, %keys: !tile.box<1>) {
  // expected-error @+1 {{expected at most one copy into it in a block, got another}}
  %Ks = tile.ring : !tile.ring<!tile.tile<16x8xf32>>
  // expected-note @+1 {{of these}}
  tile.copy %k at %keys to %Ks : !tile.tensor<1, 8, f32>, !tile.box<1>, !tile.ring<!tile.tile<16x8xf32>>
  // expected-note @+1 {{and this one}}
  tile.copy %k at %keys to %Ks : !tile.tensor<1, 8, f32>, !tile.box<1>, !tile.ring<!tile.tile<16x8xf32>>
  %K = tile.await %Ks : !tile.ring<!tile.tile<16x8xf32>> -> !tile.tile<16x8xf32>
  tile.release %Ks : !tile.ring<!tile.tile<16x8xf32>>
  %L = tile.await %Ks : !tile.ring<!tile.tile<16x8xf32>> -> !tile.tile<16x8xf32>
  tile.release %Ks : !tile.ring<!tile.tile<16x8xf32>>
  return
}

// -----

// copy_c1
func.func @f(%k: !tile.tensor<2, 8, f32>, %keys: !tile.box<1>, %Ks: !tile.ring<!tile.tile<16x8xf32>>) {
  // expected-error @+1 {{expected a box of rank 2, got 1}}
  tile.copy %k at %keys to %Ks : !tile.tensor<2, 8, f32>, !tile.box<1>, !tile.ring<!tile.tile<16x8xf32>>
  return
}

// -----

// copy_c2
func.func @f(%k: !tile.tensor<1, 8, f32>, %keys: !tile.box<1>, %Ks: !tile.ring<!tile.tile<16x9xf32>>) {
  // expected-error @+1 {{expected columns 8, got 9}}
  tile.copy %k at %keys to %Ks : !tile.tensor<1, 8, f32>, !tile.box<1>, !tile.ring<!tile.tile<16x9xf32>>
  return
}

// -----

func.func @f(%k: !tile.tensor<1, 8, f32>, %keys: !tile.box<1>, %Ks: !tile.ring<!tile.tile<16x8xf32>>) {
  // expected-error @+1 {{attribute 'ahead' failed to satisfy constraint}}
  tile.copy %k at %keys to %Ks ahead -1 : !tile.tensor<1, 8, f32>, !tile.box<1>, !tile.ring<!tile.tile<16x8xf32>>
  return
}

// -----

// await_c1
func.func @f(%Ks: !tile.ring<!tile.tile<16x8xf32>>) {
  // expected-error @+1 {{expected a tile of '!tile.tile<16x8xf32>', got '!tile.tile<16x4xf32>'}}
  %K = tile.await %Ks : !tile.ring<!tile.tile<16x8xf32>> -> !tile.tile<16x4xf32>
  return
}

// -----

// role_c1
func.func @f() {
  tile.role #tile.warps<producer, 4, registers = 24> {
    // expected-error @+1 {{expected to stand in a kernel, got tile.role}}
    tile.role #tile.warps<consumer, 4, registers = 24> {
    }
  }
  return
}

// -----

// start_dot_c1
func.func @f(%Q: !tile.tile<8x64xf32>, %K: !tile.tile<16x32xf32>) {
  // expected-error @+1 {{expected an inner extent of 64, got 32}}
  %p = tile.start_dot %Q, %K transposed
      : !tile.tile<8x64xf32>, !tile.tile<16x32xf32> -> !tile.pending<!tile.tile<8x16xf32>>
  return
}

// -----

// expected-error @+1 {{expected at least 1 warp, got 0}}
func.func private @f() attributes {x = #tile.warps<producer, 0, registers = 24>}

// -----

// expected-error @+1 {{expected registers in a multiple of 8 from 24 to 240, got 60}}
func.func private @f() attributes {x = #tile.warps<consumer, 4, registers = 60>}
