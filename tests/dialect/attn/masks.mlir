// Round trips of every mask; hexadecimal and blanks are read, one form is printed.
// RUN: muntin-opt %s -o %t && muntin-opt %t | diff %t -
// RUN: muntin-opt %t --emit-bytecode | muntin-opt | diff %t -
// RUN: FileCheck %s --input-file %t

// CHECK: a = #attn.full
func.func private @full() attributes {a = #attn.full}
// CHECK: a = #attn.causal
func.func private @causal() attributes {a = #attn.causal}
// CHECK: a = #attn.neighborhood<window = [7, 13], dilation = [1, 2], stride = [1, 4], causal = [0, 1]>
func.func private @neighborhood() attributes {
  a = #attn.neighborhood<window=[7,13],dilation=[1,2],stride=[1,4],causal=[0,1]>}
// CHECK: a = #attn.sliding<left = [128, inf], right = [0, inf]>
func.func private @sliding() attributes {a = #attn.sliding<left = [0x80, inf], right = [0, inf]>}
// CHECK: a = #attn.block<size = [8, 8, 2]>
func.func private @block() attributes {a = #attn.block<size = [8, 8, 2]>}
// CHECK: a = #attn.halo<size = [8], halo = [3]>
func.func private @halo() attributes {a = #attn.halo<size = [8], halo = [3]>}
// CHECK: a = #attn.global<tokens = 4>
func.func private @global() attributes {a = #attn.global<tokens = 4>}
// CHECK: a = #attn.document
func.func private @document() attributes {a = #attn.document}
// CHECK: a = #attn.all_of<[#attn.causal, #attn.any_of<[#attn.not<#attn.block<size = [2]>>, #attn.global<tokens = 1>]>]>
func.func private @algebra() attributes {
  a = #attn.all_of<[#attn.causal, #attn.any_of<[#attn.not<#attn.block<size = [2]>>, #attn.global<tokens = 1>]>]>}
