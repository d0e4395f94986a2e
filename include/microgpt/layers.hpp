#pragma once

/// Each layer has a namespace of its own, in which the names of all layers below it are visible.
/// A name that two layers use stands for two things, and to use it where both are visible is an
/// error; one flat namespace would have merged them at link time without a word.
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
