//===- Ops.td - the operations of the attn dialect ---------*- tablegen -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ATTN_OPS_TD
#define MUNTIN_ATTN_OPS_TD

include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialect/attn/Attrs.td"

def Attn_Tensor : RankedTensorOf<[F32, F16, BF16]>;

def Attn_ForwardOp : Op<Attn_Dialect, "forward", [Pure, AttrSizedOperandSegments]> {
  let summary = "softmax(scale * Q Kᵀ, masked) V, and the logarithm of the softmax's denominator";
  let description = [{
    For each batch b, head h and query i, over the keys j that the mask allows:

        S[j]   = scale * sum over d of Q[b, i, h, d] * K[b, j, h', d]     h' = h div (H / Hkv)
        LSE    = log(sum over j of exp(S[j]))                             natural logarithm
        O[dv]  = sum over j of exp(S[j] - LSE) * V[b, j, h', dv]

    A query without a key has O = 0 and LSE = -inf.

    Tensors have the heads last: query `[B, *grid, H, D]`, key `[B, *kv_grid,
    Hkv, D]`, value `[B, *kv_grid, Hkv, Dv]`, output `[B, *grid, H, Dv]`, lse
    `[B, *grid, H]`. Grids have one rank, 1 to 3. Any extent may be dynamic;
    constraints hold between the extents that are static. Segment numbers, for
    masks with a document, are `[B, *grid]` and `[B, *kv_grid]`.

    Score modifiers (bias, soft cap) will enter as an optional `score` clause
    with operands of its own, between the segments and the mask: they act on S
    before the mask does.

    Constraints:

    * (attention_c1) query, key and value have one rank, 4 to 6
    * (attention_c2) query, key, value and output have one element type
    * (attention_c3) the batch extents of query, key and value agree
    * (attention_c4) the grids and the head counts of key and value agree
    * (attention_c5) the head dimensions of query and key agree, and no head dimension is 0
    * (attention_c6) H is a multiple of Hkv
    * (attention_c7) output is `[B, *grid, H, Dv]`
    * (attention_c8) lse is `[B, *grid, H]`
    * (attention_c9) the mask demands the grid's rank, or none
    * (attention_c10) neighborhood: window * dilation <= extent, on every axis
    * (attention_c11) neighborhood: kv_grid = grid
    * (attention_c12) segments are given exactly if the mask has a document
    * (attention_c13) segments are `[B, *grid]` and `[B, *kv_grid]`

    Without queries (an extent of B, grid or H is 0), c10 and c11 are void.

    Example, a 7x7 window on a 56x56 grid, two query heads per key head:

    ```mlir
    // hidden: func.func @window(%q: tensor<?x56x56x8x64xbf16>, %k: tensor<?x56x56x4x64xbf16>,
    // hidden:                   %v: tensor<?x56x56x4x32xbf16>, %scale: f32) -> tensor<?x56x56x8x32xbf16> {
    %o, %lse = attn.forward %q, %k, %v scale %scale
      mask(#attn.neighborhood<window = [7, 7], dilation = [1, 2], stride = [1, 1], causal = [0, 0]>)
      : tensor<?x56x56x8x64xbf16>, tensor<?x56x56x4x64xbf16>, tensor<?x56x56x4x32xbf16>
      -> tensor<?x56x56x8x32xbf16>, tensor<?x56x56x8xf32>
    // hidden:   return %o : tensor<?x56x56x8x32xbf16>
    // hidden: }
    ```

    Example, packed sequences of a causal language model:

    ```mlir
    // hidden: func.func @packed(%q: tensor<1x?x8x64xf32>, %k: tensor<1x?x8x64xf32>, %v: tensor<1x?x8x64xf32>,
    // hidden:                   %scale: f32, %s: tensor<1x?xi32>) -> tensor<1x?x8x64xf32> {
    %o, %lse = attn.forward %q, %k, %v scale %scale
      segments(%s, %s : tensor<1x?xi32>, tensor<1x?xi32>)
      mask(#attn.all_of<[#attn.causal, #attn.document]>)
      : tensor<1x?x8x64xf32>, tensor<1x?x8x64xf32>, tensor<1x?x8x64xf32>
      -> tensor<1x?x8x64xf32>, tensor<1x?x8xf32>
    // hidden:   return %o : tensor<1x?x8x64xf32>
    // hidden: }
    ```
  }];

  let arguments = (ins Attn_Tensor:$query, Attn_Tensor:$key, Attn_Tensor:$value, F32:$scale,
                       Optional<RankedTensorOf<[I32]>>:$query_segments,
                       Optional<RankedTensorOf<[I32]>>:$key_segments, MaskAttrInterface:$mask);
  let results = (outs Attn_Tensor:$output, RankedTensorOf<[F32]>:$lse);
  // The parentheses keep the attribute parser from taking ": type" for the mask's type.
  let assemblyFormat = [{
    $query `,` $key `,` $value `scale` $scale
    (`segments` `(` $query_segments^ `,` $key_segments `:` type($query_segments) `,` type($key_segments) `)`)?
    `mask` `(` $mask `)` attr-dict
    `:` type($query) `,` type($key) `,` type($value) `->` type($output) `,` type($lse)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The number of axes of the grid.
    unsigned getGridRank() { return getQuery().getType().getRank() - 3; }
    /// The extents of one side's grid; ShapedType::kDynamic where dynamic.
    ::llvm::ArrayRef<int64_t> getGrid() { return getQuery().getType().getShape().drop_front().drop_back(2); }
    ::llvm::ArrayRef<int64_t> getKvGrid() { return getKey().getType().getShape().drop_front().drop_back(2); }
  }];
}

#endif // MUNTIN_ATTN_OPS_TD
