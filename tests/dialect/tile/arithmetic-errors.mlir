// RUN: muntin-opt %s -split-input-file -verify-diagnostics

// load_c1
func.func @f(%q: !tile.tensor<2, 64, f32>, %box: !tile.box<1>) {
  // expected-error @+1 {{expected a box of rank 2, got 1}}
  %Q = tile.load %q at %box : !tile.tensor<2, 64, f32>, !tile.box<1> -> !tile.tile<8x64xf32>
  return
}

// -----

// load_c2
func.func @f(%q: !tile.tensor<1, 64, f32>, %box: !tile.box<1>) {
  // expected-error @+1 {{expected columns 64, got 32}}
  %Q = tile.load %q at %box : !tile.tensor<1, 64, f32>, !tile.box<1> -> !tile.tile<8x32xf32>
  return
}

// -----

// store_c1
func.func @f(%O: !tile.tile<8x64xf32>, %o: !tile.tensor<1, 64, f32>, %box: !tile.box<3>) {
  // expected-error @+1 {{expected a box of rank 1, got 3}}
  tile.store %O, %o at %box : !tile.tile<8x64xf32>, !tile.tensor<1, 64, f32>, !tile.box<3>
  return
}

// -----

// store_c2: one number per row goes to one column
func.func @f(%l: !tile.tile<8xf32>, %o: !tile.tensor<1, 64, f32>, %box: !tile.box<1>) {
  // expected-error @+1 {{expected columns 64, got 1}}
  tile.store %l, %o at %box : !tile.tile<8xf32>, !tile.tensor<1, 64, f32>, !tile.box<1>
  return
}

// -----

// broadcast_c1
func.func @f(%m: !tile.tile<4xf32>) {
  // expected-error @+1 {{expected 'f32' or '!tile.tile<8xf32>', got '!tile.tile<4xf32>'}}
  %M = tile.broadcast %m : !tile.tile<4xf32> -> !tile.tile<8x16xf32>
  return
}

// -----

func.func @f(%P: !tile.tile<8x16xf32>) {
  // expected-error @+1 {{expected the same extents}}
  %H = tile.convert %P : !tile.tile<8x16xf32> -> !tile.tile<16x8xbf16>
  return
}

// -----

// reduce_c1
func.func @f(%S: !tile.tile<8x16xf32>) {
  // expected-error @+1 {{expected '!tile.tile<8xf32>', got '!tile.tile<16xf32>'}}
  %m = tile.reduce max %S : !tile.tile<8x16xf32> -> !tile.tile<16xf32>
  return
}

// -----

// dot_c1
func.func @f(%Q: !tile.tile<8x64xf32>, %K: !tile.tile<16x32xf32>) {
  // expected-error @+1 {{expected an inner extent of 64, got 32}}
  %S = tile.dot %Q, %K transposed : !tile.tile<8x64xf32>, !tile.tile<16x32xf32> -> !tile.tile<8x16xf32>
  return
}

// -----

// dot_c2
func.func @f(%Q: !tile.tile<8x64xf32>, %K: !tile.tile<16x64xf32>) {
  // expected-error @+1 {{expected a result of 8x16, got '!tile.tile<8x8xf32>'}}
  %S = tile.dot %Q, %K transposed : !tile.tile<8x64xf32>, !tile.tile<16x64xf32> -> !tile.tile<8x8xf32>
  return
}

// -----

// dot_c3
func.func @f(%P: !tile.tile<8x16xbf16>, %V: !tile.tile<16x64xbf16>, %O: !tile.tile<8x64xbf16>) {
  // expected-error @+1 {{expected an accumulator of '!tile.tile<8x64xf32>', got '!tile.tile<8x64xbf16>'}}
  %r = tile.dot %P, %V acc %O : !tile.tile<8x16xbf16>, !tile.tile<16x64xbf16>, !tile.tile<8x64xbf16> -> !tile.tile<8x64xf32>
  return
}

// -----

// mask_c1
func.func @f(%S: !tile.tile<8x16xf32>, %x: !tile.extras<"none">, %box: !tile.box<3>) {
  // expected-error @+1 {{expected a mask of rank 3, got 1}}
  %T = tile.mask %S by #attn.causal with %x at %box, %box : !tile.tile<8x16xf32>, !tile.extras<"none">, !tile.box<3>
  return
}
