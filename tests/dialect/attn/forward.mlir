// Round trips: text, generic form and bytecode.
// RUN: muntin-opt %s -o %t && muntin-opt %t | diff %t -
// RUN: muntin-opt %t --mlir-print-op-generic | muntin-opt | diff %t -
// RUN: muntin-opt %t --emit-bytecode | muntin-opt | diff %t -

func.func @static(%q: tensor<2x10x4x8xf32>, %k: tensor<2x12x2x8xf32>, %v: tensor<2x12x2x5xf32>, %scale: f32)
    -> (tensor<2x10x4x5xf32>, tensor<2x10x4xf32>) {
  %o, %lse = attn.forward %q, %k, %v scale %scale mask(#attn.full)
    : tensor<2x10x4x8xf32>, tensor<2x12x2x8xf32>, tensor<2x12x2x5xf32> -> tensor<2x10x4x5xf32>, tensor<2x10x4xf32>
  return %o, %lse : tensor<2x10x4x5xf32>, tensor<2x10x4xf32>
}

func.func @dynamic(%q: tensor<?x?x?x?x?x64xbf16>, %k: tensor<?x?x?x?x?x64xbf16>, %v: tensor<?x?x?x?x?x32xbf16>,
                   %scale: f32, %qs: tensor<?x?x?x?xi32>, %ks: tensor<?x?x?x?xi32>)
    -> (tensor<?x?x?x?x?x32xbf16>, tensor<?x?x?x?x?xf32>) {
  %o, %lse = attn.forward %q, %k, %v scale %scale
    segments(%qs, %ks : tensor<?x?x?x?xi32>, tensor<?x?x?x?xi32>)
    mask(#attn.all_of<[#attn.sliding<left = [inf, 3, 0], right = [0, 3, inf]>, #attn.document]>) {name = "kept"}
    : tensor<?x?x?x?x?x64xbf16>, tensor<?x?x?x?x?x64xbf16>, tensor<?x?x?x?x?x32xbf16>
    -> tensor<?x?x?x?x?x32xbf16>, tensor<?x?x?x?x?xf32>
  return %o, %lse : tensor<?x?x?x?x?x32xbf16>, tensor<?x?x?x?x?xf32>
}

// Without queries no bound against an extent holds.
func.func @no_queries(%q: tensor<1x2x0x8xf16>, %k: tensor<1x3x1x8xf16>, %scale: f32) {
  %o, %lse = attn.forward %q, %k, %k scale %scale
    mask(#attn.neighborhood<window = [7], dilation = [2], stride = [1], causal = [0]>)
    : tensor<1x2x0x8xf16>, tensor<1x3x1x8xf16>, tensor<1x3x1x8xf16> -> tensor<1x2x0x8xf16>, tensor<1x2x0xf32>
  return
}
