#pragma once

/// Each layer has its own namespace, in which the names of all layers below it are visible. If two
/// layers define the same name, using it where both are visible is a compile error; in one flat
/// namespace the linker would silently merge the two.
namespace microgpt {

namespace core {}
namespace autograd {
using namespace core;
}
namespace model {
using namespace autograd;
}
namespace training {
using namespace model;
}
namespace genome {
using namespace training;
}
namespace evolution {
using namespace genome;
}
namespace cluster {
using namespace evolution;
}
namespace analysis {
using namespace evolution;
}
namespace run {
using namespace analysis;
}
namespace report {
using namespace run;
}
namespace apps {
using namespace cluster;
using namespace report;
}  // namespace apps

}  // namespace microgpt
