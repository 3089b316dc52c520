/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/scene.h"

#include <math.h>
#include <stdbool.h>

static const char *const shape_names[SCENE_SHAPES] = {"circle", "square", "triangle", "star",
                                                      "cross",  "ring",   "heart",    "diamond"};
static const char *const pattern_names[SCENE_PATTERNS] = {"solid", "striped", "dotted", "checkered"};
static const struct {
  const char *name;
  float rgb[3]; /* 0 to 1 */
} colours[SCENE_COLOURS] = {
    {"red", {.90f, .10f, .10f}},   {"orange", {1.0f, .55f, .05f}}, {"yellow", {.95f, .92f, .10f}},
    {"green", {.10f, .65f, .15f}}, {"blue", {.10f, .20f, .90f}},   {"purple", {.50f, .10f, .70f}},
    {"pink", {1.0f, .60f, .78f}},  {"brown", {.42f, .24f, .08f}},  {"black", {.03f, .03f, .03f}},
    {"white", {.98f, .98f, .98f}},
};

const char *scene_colour_name(unsigned colour) { return colours[colour].name; }
const char *scene_shape_name(unsigned shape) { return shape_names[shape]; }
Concept concept_from_index(unsigned i) {
  return (Concept){.colour = (uint8_t)(i % SCENE_COLOURS),
                   .shape = (uint8_t)(i / SCENE_COLOURS % SCENE_SHAPES),
                   .pattern = (uint8_t)(i / (SCENE_COLOURS * SCENE_SHAPES) % SCENE_PATTERNS)};
}

char *concept_name(Concept c) {
  return g_strdup_printf("%s %s %s", pattern_names[c.pattern], colours[c.colour].name, shape_names[c.shape]);
}

/* Distance from the centre to a five-pointed star's outline, one point upwards. */
static float star_radius(float x, float y) {
  const float step = 0.62831853f; /* a tenth of a turn: from a point to the next notch */
  float turns = fabsf(atan2f(x, -y)) / step;
  float along = fmodf(turns, 2.0f);
  if (along > 1) along = 2 - along;
  return 1.05f - 0.65f * along;
}

/* Whether (x, y) lies in the shape, drawn about the origin with radius about 1, y downwards. */
static bool shape_holds(unsigned shape, float x, float y) {
  float ax = fabsf(x), ay = fabsf(y), r2 = x * x + y * y;
  switch (shape) {
    case 0:
      return r2 < 0.72f;
    case 1:
      return ax < 0.76f && ay < 0.76f;
    case 2:
      return y < 0.72f && y > 2.0f * ax - 1.0f;
    case 3:
      return sqrtf(r2) < star_radius(x, y);
    case 4:
      return (ax < 0.3f || ay < 0.3f) && ax < 0.98f && ay < 0.98f;
    case 5:
      return r2 > 0.25f && r2 < 0.95f;
    case 6: {
      float u = 1.25f * x, v = 0.2f - 1.25f * y, k = u * u + v * v - 0.9f;
      return k * k * k < u * u * v * v * v;
    }
    default:
      return 1.35f * ax + ay < 1.05f;
  }
}

/* How much of the thing's colour the pattern lets through at (x, y), in the thing's own
 * coordinates; the rest is background. */
static float pattern_cover(unsigned pattern, float x, float y) {
  const float off = 0.35f;
  switch (pattern) {
    case 0:
      return 1;
    case 1:
      return sinf(7.8f * y + 1.57f) > 0 ? 1 : off;
    case 2: {
      const float grid = 0.62f;
      float u = x - grid * roundf(x / grid), v = y - grid * roundf(y / grid);
      return u * u + v * v < 0.055f ? 1 : off;
    }
    default:
      return sinf(5.6f * x) * sinf(5.6f * y) > 0 ? 1 : off;
  }
}

/* What varies between two pictures of one concept. */
typedef struct {
  float cx, cy, radius, sine, cosine; /* of the thing, in pixels */
  float rgb[3];                       /* of the thing, -1 to 1 */
  float ground[3], slope_x, slope_y;  /* of the background: at the middle, and change a pixel */
} Pose;

static void pose_draw(Concept c, Rng *rng, Pose *pose) {
  const float middle = (SCENE_SIDE - 1) / 2.0f;
  pose->cx = middle + rng_range(rng, -0.8f, 0.8f);
  pose->cy = middle + rng_range(rng, -0.8f, 0.8f);
  pose->radius = rng_range(rng, 5.9f, 7.0f);
  float turn = rng_range(rng, -0.12f, 0.12f);
  pose->sine = sinf(turn);
  pose->cosine = cosf(turn);
  float shade = rng_range(rng, 0.88f, 1.06f), level = rng_range(rng, 0.38f, 0.62f);
  for (int k = 0; k < 3; k++) {
    float tone = colours[c.colour].rgb[k] * shade + rng_range(rng, -0.04f, 0.04f);
    pose->rgb[k] = 2 * fminf(fmaxf(tone, 0), 1) - 1;
    pose->ground[k] = 2 * (level + rng_range(rng, -0.08f, 0.08f)) - 1;
  }
  pose->slope_x = rng_range(rng, -0.02f, 0.02f);
  pose->slope_y = rng_range(rng, -0.02f, 0.02f);
}

/* Share of the pixel that shows the thing's colour: the mean of 2 x 2 points in it. */
static float pixel_cover(Concept c, const Pose *pose, int column, int row) {
  float sum = 0;
  for (int s = 0; s < 4; s++) {
    float px = ((float)column + (s & 1 ? 0.25f : -0.25f) - pose->cx) / pose->radius;
    float py = ((float)row + (s & 2 ? 0.25f : -0.25f) - pose->cy) / pose->radius;
    float x = pose->cosine * px + pose->sine * py, y = pose->cosine * py - pose->sine * px;
    if (shape_holds(c.shape, x, y)) sum += pattern_cover(c.pattern, x, y);
  }
  return sum / 4;
}

static void paint(Concept c, const Pose *at, int side, float *picture) {
  const Pose pose = *at;
  const float middle = (float)(side - 1) / 2.0f;
  for (int row = 0; row < side; row++)
    for (int column = 0; column < side; column++) {
      float cover = pixel_cover(c, &pose, column, row);
      float light = pose.slope_x * ((float)column - middle) + pose.slope_y * ((float)row - middle);
      float *pixel = picture + row * side + column;
      for (int k = 0; k < 3; k++) pixel[k * side * side] = cover * pose.rgb[k] + (1 - cover) * (pose.ground[k] + light);
    }
}

void scene_draw(Concept c, Rng *rng, float *picture) {
  Pose pose;
  pose_draw(c, rng, &pose);
  paint(c, &pose, SCENE_SIDE, picture);
}

void scene_draw_on(Concept c, int side, const float ground[3], Rng *rng, float *picture) {
  Pose pose;
  pose_draw(c, rng, &pose);
  const float shrink = (float)side / SCENE_SIDE;
  pose.cx *= shrink, pose.cy *= shrink, pose.radius *= shrink;
  for (int k = 0; k < 3; k++) pose.ground[k] = fminf(fmaxf(2 * ground[k] - 1 + 0.3f * pose.ground[k], -1), 1);
  paint(c, &pose, side, picture);
}

void scene_flip(float *picture) {
  for (int line = 0; line < 3 * SCENE_SIDE; line++) {
    float *p = picture + line * SCENE_SIDE;
    for (int i = 0; i < SCENE_SIDE / 2; i++) {
      float t = p[i];
      p[i] = p[SCENE_SIDE - 1 - i];
      p[SCENE_SIDE - 1 - i] = t;
    }
  }
}
