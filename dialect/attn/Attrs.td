//===- Attrs.td - masks as attributes ----------------------*- tablegen -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// i is a query's coordinate, j a key's. Lists have one number per axis, and a
// mask with lists holds where it holds on every axis.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ATTN_ATTRS_TD
#define MUNTIN_ATTN_ATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "dialect/attn/Dialect.td"
include "dialect/attn/MaskInterface.td"

class Attn_Mask<string name, string asm, list<string> methods, list<Trait> traits = []>
    : AttrDef<Attn_Dialect, name, traits # [DeclareAttrInterfaceMethods<MaskAttrInterface, methods>]> {
  let mnemonic = asm;
}

/// A mask that is a run of keys per query on every axis.
class Attn_Band<string name, string asm> : Attn_Mask<name, asm, ["axisRule", "getRank"]>;

/// A mask with rules of its own for everything.
class Attn_General<string name, string asm>
    : Attn_Mask<name, asm, ["getRank", "separable", "residuePeriod", "allows", "allowsOnAxis", "liveKeys",
                            "liveQueries", "classify"]>;

def Attn_FullAttr : Attn_Band<"Full", "full"> {
  let summary = "every query attends to every key";
}

def Attn_CausalAttr : Attn_Band<"Causal", "causal"> {
  let summary = "j <= i, on a grid of rank 1";
}

def Attn_NeighborhoodAttr : Attn_Band<"Neighborhood", "neighborhood"> {
  let summary = "the window of keys around a query, shifted at borders so that it never shrinks";
  let description = [{
    README.md of this folder has the rule. Constraints:

    * (neighborhood_c1) the lists have one length, 1 to 3
    * (neighborhood_c2) window >= 1
    * (neighborhood_c3) dilation >= 1
    * (neighborhood_c4) 1 <= stride <= window
    * (neighborhood_c5) causal is 0 or 1
    * (neighborhood_c6) window * dilation < 2^31, as any extent is

    `attn.forward` checks window * dilation <= extent.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$window, ArrayRefParameter<"int64_t">:$dilation,
                        ArrayRefParameter<"int64_t">:$stride, ArrayRefParameter<"int64_t">:$causal);
  let assemblyFormat = [{
    `<` `window` `=` `[` $window `]` `,` `dilation` `=` `[` $dilation `]` `,`
        `stride` `=` `[` $stride `]` `,` `causal` `=` `[` $causal `]` `>`
  }];
  let genVerifyDecl = 1;
}

def Attn_SlidingAttr : Attn_Band<"Sliding", "sliding"> {
  let summary = "i - left <= j <= i + right, clipped at borders";
  let description = [{
    * (sliding_c1) the lists have one length, 1 to 3
    * (sliding_c2) left and right are at least 0, or `inf`
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$left, ArrayRefParameter<"int64_t">:$right);
  let assemblyFormat = [{
    `<` `left` `=` custom<AxisBounds>($left) `,` `right` `=` custom<AxisBounds>($right) `>`
  }];
  let genVerifyDecl = 1;
}

def Attn_BlockAttr : Attn_Band<"Block", "block"> {
  let summary = "i div size == j div size";
  let description = [{
    * (block_c1) 1 to 3 sizes
    * (block_c2) size >= 1
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$size);
  let assemblyFormat = "`<` `size` `=` `[` $size `]` `>`";
  let genVerifyDecl = 1;
}

def Attn_HaloAttr : Attn_Band<"Halo", "halo"> {
  let summary = "the key lies in the query's block, or within `halo` tokens of it, clipped at borders";
  let description = [{
    * (halo_c1) the lists have one length, 1 to 3
    * (halo_c2) size >= 1
    * (halo_c3) halo >= 0
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$size, ArrayRefParameter<"int64_t">:$halo);
  let assemblyFormat = "`<` `size` `=` `[` $size `]` `,` `halo` `=` `[` $halo `]` `>`";
  let genVerifyDecl = 1;
}

def Attn_GlobalAttr : Attn_General<"Global", "global"> {
  let summary = "i < tokens or j < tokens, on row-major indices of each side's own grid";
  let description = [{
    * (global_c1) tokens >= 0
  }];
  let parameters = (ins "int64_t":$tokens);
  let assemblyFormat = "`<` `tokens` `=` $tokens `>`";
  let genVerifyDecl = 1;
}

def Attn_DocumentAttr : Attn_General<"Document", "document"> {
  let summary = "equal segment numbers, which are given at run time";
}

def Attn_AllOfAttr
    : Attn_Mask<"AllOf", "all_of", ["getRank", "separable", "axisRule", "residuePeriod", "allows", "allowsOnAxis",
                                    "liveKeys", "liveQueries", "classify"]> {
  let summary = "what every one of the masks allows";
  let description = [{
    * (all_of_c1) at least one mask
    * (all_of_c2) the masks demand one rank
  }];
  let parameters = (ins ArrayRefParameter<"::muntin::attn::MaskAttrInterface">:$masks);
  let assemblyFormat = "`<` `[` custom<Masks>($masks) `]` `>`";
  let genVerifyDecl = 1;
}

def Attn_AnyOfAttr : Attn_General<"AnyOf", "any_of"> {
  let summary = "what at least one of the masks allows";
  let description = [{
    * (any_of_c1) at least one mask
    * (any_of_c2) the masks demand one rank
  }];
  let parameters = (ins ArrayRefParameter<"::muntin::attn::MaskAttrInterface">:$masks);
  let assemblyFormat = "`<` `[` custom<Masks>($masks) `]` `>`";
  let genVerifyDecl = 1;
}

def Attn_NotAttr : Attn_General<"Not", "not"> {
  let summary = "what the mask does not allow";
  let parameters = (ins "::muntin::attn::MaskAttrInterface":$mask);
  let assemblyFormat = "`<` custom<OneMask>($mask) `>`";
}

#endif // MUNTIN_ATTN_ATTRS_TD
