/* SPDX-License-Identifier: Apache-2.0 */
/* A small wood of which the answer is known, and trainings on it. */
#pragma once

#include "experts/train/train.h"
#include "numerics/rng.h"
#include "tests/unit/expert_fixture.h"

/* Two layers: "mid" tells the concept (0 to 3) by four of its numbers among noise, "top" is noise alone. */
void put_noisy(const Fixture *f, const char *path, int concept, Rng *rng);

/* Of three concepts eight models to train on, four to choose by and four to test; of the fourth only held-out ones. Scanned. */
void put_wood(Fixture *f);

/* Of the layer "mid", in a second; `encoder` is borrowed (put_texts()). */
TrainOptions small_options(const char *encoder);

/* Fails when it cannot be trained. */
TrainResult *train(Fixture *f, const TrainOptions *o, const Progress *progress);
