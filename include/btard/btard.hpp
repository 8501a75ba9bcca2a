// btard/btard.hpp: all that needs only the standard library: core, aggregate, attack, train.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/version.hpp>

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/random.hpp>
#include <btard/core/norm.hpp>
#include <btard/core/partition.hpp>
#include <btard/core/describe.hpp>
#include <btard/core/fields.hpp>
#include <btard/core/policy_tree.hpp>
#include <btard/core/suggest.hpp>
#include <btard/core/assign.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/core/canonical.hpp>
#include <btard/core/parallel.hpp>

#include <btard/aggregate/report.hpp>
#include <btard/aggregate/start_point.hpp>
#include <btard/aggregate/coefficient.hpp>
#include <btard/aggregate/mixed.hpp>
#include <btard/aggregate/parts.hpp>
#include <btard/aggregate/coordinate.hpp>
#include <btard/aggregate/backend.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/aggregate/host/dispatch.hpp>
#include <btard/aggregate/host/gram.hpp>
#include <btard/aggregate/host/combine.hpp>
#include <btard/aggregate/host/columns.hpp>
#include <btard/aggregate/host/project.hpp>

#include <btard/attack/concept.hpp>
#include <btard/attack/sign_flip.hpp>
#include <btard/attack/constant_direction.hpp>
#include <btard/attack/label_flip.hpp>
#include <btard/attack/scheduled.hpp>
#include <btard/attack/any_attack.hpp>

#include <btard/train/learnable.hpp>
#include <btard/train/any_learnable.hpp>
#include <btard/train/quadratic.hpp>
#include <btard/train/schedule.hpp>
#include <btard/train/sgd.hpp>
#include <btard/train/lamb.hpp>
#include <btard/train/optimizer.hpp>
#include <btard/train/swarm_options.hpp>
#include <btard/train/swarm.hpp>
