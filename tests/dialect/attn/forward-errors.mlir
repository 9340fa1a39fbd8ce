// RUN: muntin-opt %s -split-input-file -verify-diagnostics

// attention_c1
func.func @f(%q: tensor<1x8x16xf32>, %k: tensor<1x8x2x16xf32>, %v: tensor<1x8x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected query of rank 4 to 6, got 3}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x8x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c1
func.func @f(%q: tensor<1x1x1x1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>, %v: tensor<1x8x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected query of rank 4 to 6, got 7}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x1x1x1x8x4x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c1
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x1x2x16xf32>, %v: tensor<1x8x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected key of rank 4 as query, got 5}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x8x4x16xf32>, tensor<1x8x1x2x16xf32>, tensor<1x8x2x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c1
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>, %v: tensor<1x8x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected value of rank 4 as query, got 3}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x8x4x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c2
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf16>, %v: tensor<1x8x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected key of element type 'f32' as query, got 'f16'}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x8x4x16xf32>, tensor<1x8x2x16xf16>, tensor<1x8x2x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c2
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>, %v: tensor<1x8x2x8xbf16>, %scale: f32) {
  // expected-error @+1 {{expected value of element type 'f32' as query, got 'bf16'}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x8x4x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x8xbf16> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c2
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>, %v: tensor<1x8x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected output of element type 'f32' as query, got 'f16'}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x8x4x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x8xf32> -> tensor<1x8x4x8xf16>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c2
func.func @f(%q: tensor<1x8x4x16xf64>, %k: tensor<1x8x2x16xf32>, %v: tensor<1x8x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{operand #0 must be ranked tensor of 32-bit float or 16-bit float or bfloat16 type values}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x8x4x16xf64>, tensor<1x8x2x16xf32>, tensor<1x8x2x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c3
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<2x8x2x16xf32>, %v: tensor<1x8x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected batch 1 in key, got 2}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x8x4x16xf32>, tensor<2x8x2x16xf32>, tensor<1x8x2x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c3
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>, %v: tensor<3x8x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected batch 1 in value, got 3}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x8x4x16xf32>, tensor<1x8x2x16xf32>, tensor<3x8x2x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c3
func.func @f(%q: tensor<?x8x4x16xf32>, %k: tensor<2x8x2x16xf32>, %v: tensor<3x8x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected batch 2 in value, got 3}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<?x8x4x16xf32>, tensor<2x8x2x16xf32>, tensor<3x8x2x8xf32> -> tensor<?x8x4x8xf32>, tensor<?x8x4xf32>
  return
}

// -----

// attention_c4
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>, %v: tensor<1x9x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected extent of axis 0 8 in value, got 9}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x8x4x16xf32>, tensor<1x8x2x16xf32>, tensor<1x9x2x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c4
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>, %v: tensor<1x8x1x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected head count 2 in value, got 1}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x8x4x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x1x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c5
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x8xf32>, %v: tensor<1x8x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected head dimension 16 in key, got 8}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x8x4x16xf32>, tensor<1x8x2x8xf32>, tensor<1x8x2x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c5
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>, %v: tensor<1x8x2x0xf32>, %scale: f32) {
  // expected-error @+1 {{expected head dimension of value to be at least 1, got 0}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x8x4x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x0xf32> -> tensor<1x8x4x0xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c6
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x3x16xf32>, %v: tensor<1x8x3x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected head count of query to be a multiple of 3, that of key, got 4}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x8x4x16xf32>, tensor<1x8x3x16xf32>, tensor<1x8x3x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c6
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x?x16xf32>, %v: tensor<1x8x0x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected head count of query to be a multiple of 0, that of key, got 4}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x8x4x16xf32>, tensor<1x8x?x16xf32>, tensor<1x8x0x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c7
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>, %v: tensor<1x8x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected output of type 'tensor<1x8x4x8xf32>', got 'tensor<1x8x4x16xf32>'}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x8x4x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x8xf32> -> tensor<1x8x4x16xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c8
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>, %v: tensor<1x8x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected lse of type 'tensor<1x8x4xf32>', got 'tensor<1x8x2xf32>'}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x8x4x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x2xf32>
  return
}

// -----

// attention_c8
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>, %v: tensor<1x8x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{result #1 must be ranked tensor of 32-bit float values}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.full)
    : tensor<1x8x4x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf16>
  return
}

// -----

// attention_c9
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>, %v: tensor<1x8x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected mask of rank 1 as the grid, got #attn.block<size = [2, 2]> of rank 2}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.block<size = [2, 2]>)
    : tensor<1x8x4x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c9
func.func @f(%q: tensor<1x8x8x4x16xf32>, %k: tensor<1x8x8x2x16xf32>, %v: tensor<1x8x8x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected mask of rank 2 as the grid, got #attn.not<#attn.causal> of rank 1}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.not<#attn.causal>)
    : tensor<1x8x8x4x16xf32>, tensor<1x8x8x2x16xf32>, tensor<1x8x8x2x8xf32> -> tensor<1x8x8x4x8xf32>, tensor<1x8x8x4xf32>
  return
}

// -----

// attention_c10
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>, %v: tensor<1x8x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{neighborhood: expected window * dilation on axis 0 to be at most 8, the extent, got 3 * 3}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.neighborhood<window = [3], dilation = [3], stride = [1], causal = [0]>)
    : tensor<1x8x4x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c10: inside another mask, on the second axis, known from the keys
func.func @f(%q: tensor<1x8x?x4x16xf32>, %k: tensor<1x8x8x2x16xf32>, %v: tensor<1x8x8x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{neighborhood: expected window * dilation on axis 1 to be at most 8, the extent, got 9 * 1}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.not<#attn.neighborhood<window = [8, 9], dilation = [1, 1], stride = [1, 1], causal = [0, 0]>>)
    : tensor<1x8x?x4x16xf32>, tensor<1x8x8x2x16xf32>, tensor<1x8x8x2x8xf32> -> tensor<1x8x?x4x8xf32>, tensor<1x8x?x4xf32>
  return
}

// -----

// attention_c11
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x9x2x16xf32>, %v: tensor<1x9x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{neighborhood: expected extent of axis 0 of key to be 8 as of query, got 9}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.neighborhood<window = [3], dilation = [1], stride = [1], causal = [0]>)
    : tensor<1x8x4x16xf32>, tensor<1x9x2x16xf32>, tensor<1x9x2x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c12
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>, %v: tensor<1x8x2x8xf32>, %scale: f32) {
  // expected-error @+1 {{expected segments, as the mask has a document, got none}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    mask(#attn.any_of<[#attn.causal, #attn.document]>)
    : tensor<1x8x4x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c12
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>, %v: tensor<1x8x2x8xf32>, %scale: f32, %qs: tensor<1x8xi32>, %ks: tensor<1x8xi32>) {
  // expected-error @+1 {{expected no segments, as the mask has no document}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    segments(%qs, %ks : tensor<1x8xi32>, tensor<1x8xi32>)
    mask(#attn.full)
    : tensor<1x8x4x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c13
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>, %v: tensor<1x8x2x8xf32>, %scale: f32, %qs: tensor<1x9xi32>, %ks: tensor<1x8xi32>) {
  // expected-error @+1 {{expected query segments of type 'tensor<1x8xi32>', got 'tensor<1x9xi32>'}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    segments(%qs, %ks : tensor<1x9xi32>, tensor<1x8xi32>)
    mask(#attn.document)
    : tensor<1x8x4x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}

// -----

// attention_c13
func.func @f(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>, %v: tensor<1x8x2x8xf32>, %scale: f32, %qs: tensor<1x8xi32>, %ks: tensor<8xi32>) {
  // expected-error @+1 {{expected key segments of type 'tensor<1x8xi32>', got 'tensor<8xi32>'}}
  %o, %lse = attn.forward %q, %k, %v scale %scale
    segments(%qs, %ks : tensor<1x8xi32>, tensor<8xi32>)
    mask(#attn.document)
    : tensor<1x8x4x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x8xf32> -> tensor<1x8x4x8xf32>, tensor<1x8x4xf32>
  return
}
