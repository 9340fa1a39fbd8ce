/*===- dlpack.h - tensors of other libraries ---------------------*- C -*-===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#ifndef MUNTIN_DLPACK_H
#define MUNTIN_DLPACK_H

#include "muntin/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes *tensor a view of the memory that `dl_tensor` describes: a const DLTensor * of DLPack's header, which need not
 * be installed; its layout is the same in all versions from 0.2 on. Null strides mean no gaps. Refused are memory that
 * the session's device cannot reach, element types other than those of mtn_dtype, and more than MTN_MAX_DIMS axes.
 * Nothing is copied or taken over: whoever manages the memory keeps it as long as the view is used. */
MTN_CHECKED mtn_tensor_from_dlpack(mtn_session *session, const void *dl_tensor, mtn_tensor *tensor);

#ifdef __cplusplus
}
#endif

#endif /* MUNTIN_DLPACK_H */
